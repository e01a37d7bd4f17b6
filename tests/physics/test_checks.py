"""The physics suite, eippot.testing, over every architecture in both number formats."""

from __future__ import annotations

from importlib import import_module
from inspect import getmembers
from pkgutil import iter_modules
from typing import Final

import pytest

from eippot.models import factory
from eippot.testing import ARCHITECTURES, CHECKS, PRECISIONS, Check, Subject, checks, title

SUBJECTS: Final = {
    f"{name}-{precision.name}": Subject(config, precision)
    for name, config in ARCHITECTURES.items()
    for precision in PRECISIONS.values()
}


@pytest.mark.parametrize("check", CHECKS, ids=title)
@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_property(subject: Subject, check: Check) -> None:
    check(subject)


def test_no_architecture_is_left_out() -> None:
    checked = {config.architecture for config in ARCHITECTURES.values()}
    assert checked == set(factory.ARCHITECTURES)


def test_no_check_is_left_out() -> None:
    written = {
        name
        for module in iter_modules(checks.__path__)
        for name, _ in getmembers(import_module(f"{checks.__name__}.{module.name}"))
        if name.startswith("check_")
    }
    assert {check.__name__ for check in CHECKS} == written
    assert len(CHECKS) == len(written)
