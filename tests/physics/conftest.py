from __future__ import annotations

import pytest

from eippot.models.potential import Potential
from tests.networks import ARCHITECTURES, Precision, potential


@pytest.fixture(params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(architecture: str, precision: Precision) -> Potential:
    """A potential of each architecture, in each precision."""
    return potential(ARCHITECTURES[architecture], precision.dtype)


@pytest.fixture
def exact_model(architecture: str) -> Potential:
    """A potential of each architecture in float64, for finite differences."""
    return potential(ARCHITECTURES[architecture])
