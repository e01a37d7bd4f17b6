"""What the oldest versions that eippot runs with cannot do: marks for tests, which tell why."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from packaging.version import Version


def needs(package: str, least: str, why: str) -> pytest.MarkDecorator:
    """Skip with what is older."""
    older = Version(version(package)) < Version(least)
    return pytest.mark.skipif(older, reason=f"{package} {least}: {why}")
