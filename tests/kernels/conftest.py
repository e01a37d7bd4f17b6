"""Potentials on the engine of the library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from eippot.deployment.engines import parameters_of
from eippot.kernels.engine import Engine
from eippot.kernels.library import build_library
from eippot.models.potential import Potential
from eippot.testing.exporting import exported_model
from tests.kernels.subjects import SPECIES

BINS = 1024


@pytest.fixture(scope="session")
def library() -> Path:
    return build_library()


@dataclass
class Case:
    """A potential, the same with tables, and the engine of the latter."""

    potential: Potential
    tabulated: nn.Module
    engine: Engine


@pytest.fixture(scope="session")
def build(library: Path) -> Any:
    def case(
        potential: Potential,
        isolated_energies: Sequence[float] = (0.0, 0.0),
        architecture: str = "schnet",
        **options: Any,
    ) -> Case:
        references = dict(zip(SPECIES, isolated_energies, strict=True))
        model, metadata = exported_model([potential], architecture, BINS, references)
        engine = Engine(library, architecture, parameters_of(model, metadata), **options)
        return Case(potential, model.potential, engine)

    return case
