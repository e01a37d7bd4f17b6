"""Compressed models in ASE: the engine says what torch says, structure after structure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from eippot import EippotCalculator
from eippot.deployment import engines
from eippot.deployment.files import write_exported
from eippot.errors import ModelError
from eippot.graphs.neighbors import NeighborList, neighbor_list
from eippot.kernels.library import build_library
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.exporting import exported_model
from eippot.testing.structures import EVERY_KIND, periodic
from tests.networks import potential

Structure = Callable[[], Atoms]


@pytest.fixture(scope="module", params=["schnet", "soapnet", "cgcnn"])
def compressed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    build_library()
    path = tmp_path_factory.mktemp("compressed") / "model.pt"
    model = potential(ARCHITECTURES[request.param])
    write_exported(*exported_model([model], request.param, bins=512), path)
    return path


@pytest.fixture
def both(compressed: Path, monkeypatch: pytest.MonkeyPatch) -> list[EippotCalculator]:
    """On the engine, and on torch."""
    on_engine = EippotCalculator(compressed, skin=0.4)
    assert on_engine.engine is not None
    monkeypatch.setattr(engines, "find_library", lambda: None)
    with pytest.warns(UserWarning, match="runs on torch, which is much slower: the kernels are"):
        on_torch = EippotCalculator(compressed, skin=0.0)
    assert on_torch.engine is None
    return [on_engine, on_torch]


def assert_equal(atoms: Atoms, both: list[EippotCalculator]) -> None:
    found, expected = ([c.get_property(n, atoms) for n in ("energies", "forces")] for c in both)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-10, atol=1e-10)
    if atoms.pbc.all():
        stresses = [c.get_property("stress", atoms) for c in both]
        np.testing.assert_allclose(stresses[0], stresses[1], rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("structure", EVERY_KIND.values(), ids=EVERY_KIND)
def test_engine_equals_torch(both: list[EippotCalculator], structure: Structure) -> None:
    assert_equal(structure(), both)


def test_one_step_after_the_other(both: list[EippotCalculator]) -> None:
    """Atoms move, the cell changes, atoms change their element, disappear, and leave the cell."""
    atoms, random = periodic(), np.random.default_rng(0)
    for step in range(30):
        atoms.positions += 0.03 * random.standard_normal((len(atoms), 3))
        if step in (8, 9):
            strain = np.eye(3) + 0.01 * random.standard_normal((3, 3))
            atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
        if step == 15:
            atoms.symbols[0], atoms.symbols[1] = "C", "Si"
        if step == 20:
            del atoms[3]
        if step == 25:
            atoms.wrap()
        assert_equal(atoms, both)


def test_neighbors_are_kept_while_the_cell_breathes(
    both: list[EippotCalculator], monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def counting(atoms: Atoms, cutoff: float) -> NeighborList:
        built.append(cutoff)
        return neighbor_list(atoms, cutoff)

    monkeypatch.setattr("eippot.deployment.skin.neighbor_list", counting)
    counts = []
    for scale in (1.0, 0.98, 0.95, 0.92, 0.9):  # 4.4 Å in the list, 4 Å needed
        atoms = periodic()
        atoms.set_cell(scale * atoms.cell.array, scale_atoms=True)
        both[0].get_property("energy", atoms)
        counts.append(len(built))
    assert counts == [1, 1, 1, 1, 2]


def test_an_engine_that_says_something_else_is_refused(
    compressed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters_of = engines.parameters_of

    def wrong(*arguments: object) -> dict[str, np.ndarray]:
        parameters = parameters_of(*arguments)  # type: ignore[arg-type]
        parameters["potential.scale"] = 1.01 * parameters["potential.scale"]
        return parameters

    monkeypatch.setattr(engines, "parameters_of", wrong)
    with pytest.raises(ModelError, match="self-test"):
        EippotCalculator(compressed)
