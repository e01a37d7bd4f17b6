"""Fixtures of several rooms: one thread, both precisions, a small exported model.

Whatever needs torch is imported where it is used: many rooms are tested without it.
"""

from __future__ import annotations

import importlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from eippot.testing.subject import Precision
    from tests.pipeline import Pipeline

os.environ.setdefault("OMP_NUM_THREADS", "1")
# consoles that are made while this is set keep their width, whatever a test asks for later
os.environ.pop("COLUMNS", None)
importlib.import_module("eippot_cli.output")
# a shell that starts the tests in the background lets them, and all they start, ignore Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(params=["float32", "float64"])
def precision(request: pytest.FixtureRequest) -> Precision:
    from eippot.testing.subject import PRECISIONS

    return PRECISIONS[request.param]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float64 model of Si and C with random weights, as a file that engines run."""
    from tests.networks import export_potential

    return export_potential(tmp_path_factory.mktemp("exported") / "model.pt", "float64")


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """One run of pretrain, classify, finetune and export, which many tests look at."""
    from tests.pipeline import run_pipeline
    from tests.synthetic import TINY_MODEL, write_labelled

    folder = tmp_path_factory.mktemp("pipeline")
    return run_pipeline(folder, write_labelled(folder / "labelled.extxyz"), TINY_MODEL)
