"""KIM models against ASE's own KIM calculator, finite differences, and the contract."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, surface

from eippot.conventions import stress_to_ase_voigt
from eippot.eips.base import EIPLabel
from eippot.eips.frame import Frame
from eippot.eips.source import open_potential, parse_source
from eippot.errors import EIPError, MissingDependencyError
from eippot.kernels.library import build_library
from tests.eips.evaluating import evaluate

pytest.importorskip("kimpy")

from eippot.eips.kim import KIMPotential, installed_models

SW = "SW_StillingerWeber_1985_Si__MO_405512056662_005"
MODELS = [
    SW,
    "Tersoff_LAMMPS_Tersoff_1988T3_Si__MO_186459956893_003",
    "EDIP_JustoBazantKaxiras_1998_Si__MO_958932894036_002",
    "MEAM_LAMMPS_LenoskySadighAlonso_2000_Si__MO_533426548156_000",
    "ThreeBodyBondOrder_PPM_PurjaPunMishin_2017_Si__MO_566683736730_000",
]


@pytest.fixture(scope="module", params=MODELS, ids=[name.split("__")[0] for name in MODELS])
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["compiled", "kimpy's"])
def neighbors(request: pytest.FixtureRequest) -> Iterator[str]:
    """Whose neighbor lists there are."""
    library = build_library() if request.param == "compiled" else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("eippot.eips.kim_neighbors.find_library", lambda: library)
        yield str(request.param)


@pytest.fixture(scope="module")
def potential(model: str, neighbors: str) -> KIMPotential:
    return KIMPotential(model)


def _triclinic() -> Atoms:
    atoms = bulk("Si")
    strain = np.eye(3) + 0.12 * np.random.default_rng(0).normal(size=(3, 3))
    atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
    atoms.rattle(0.15, seed=1)
    return atoms


def _slab() -> Atoms:
    atoms = surface(bulk("Si", cubic=True), (1, 1, 1), 2, vacuum=5.0)
    atoms.pbc = (True, True, False)
    atoms.rattle(0.1, seed=2)
    return atoms


def _wire() -> Atoms:
    atoms = bulk("Si", cubic=True)
    atoms.pbc = (False, False, True)
    atoms.rattle(0.1, seed=3)
    return atoms


def _left_handed() -> Atoms:
    atoms = _triclinic()
    atoms.set_cell(atoms.cell.array[[1, 0, 2]])
    return atoms


def _cluster() -> Atoms:
    positions = [[0, 0, 0], [2.3, 0.1, 0], [0.9, 2.2, 0.2], [1.0, 0.8, 2.1], [-9, 1, -1.5]]
    return Atoms("Si5", positions=positions, cell=20 * np.eye(3))


def _rattled() -> Atoms:
    atoms = bulk("Si", cubic=True) * 2
    atoms.rattle(0.1, seed=4)
    return atoms


STRUCTURES: dict[str, Callable[[], Atoms]] = {
    "primitive fcc": lambda: bulk("Si", "fcc", a=3.9),
    "triclinic": _triclinic,
    "left-handed": _left_handed,
    "rattled 64": _rattled,
    "slab": _slab,
    "wire": _wire,
    "cluster": _cluster,
    "atom": lambda: Atoms("Si", cell=20 * np.eye(3)),
}


@pytest.mark.parametrize("kind", STRUCTURES)
def test_agrees_with_ase(model: str, potential: KIMPotential, kind: str) -> None:
    from ase.calculators.kim import KIM

    atoms = STRUCTURES[kind]()
    label = evaluate(potential, atoms.copy())
    atoms.calc = KIM(model)
    energy, forces = atoms.get_potential_energy(), atoms.get_forces()
    stress = atoms.get_stress() if atoms.pbc.all() else None
    assert label.energy == pytest.approx(energy, abs=1e-9)
    assert label.forces == pytest.approx(forces, abs=1e-9)
    if stress is None:
        assert label.stress is None
    else:
        assert label.stress is not None
        assert stress_to_ase_voigt(label.stress) == pytest.approx(stress, abs=1e-10)


def test_agrees_with_another_neighbor_list(potential: KIMPotential, model: str) -> None:
    from ase.calculators.kim import KIM

    atoms = bulk("Si")
    atoms.set_cell([[3.1, 0, 0], [6.5, 3.3, 0], [-7.0, 2.9, 4.1]], scale_atoms=True)
    label = evaluate(potential, atoms.copy())
    atoms.calc = KIM(model, options={"ase_neigh": True})
    assert label.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    assert label.forces == pytest.approx(atoms.get_forces(), abs=1e-9)


def test_forces_and_stress_are_derivatives_of_the_energy(potential: KIMPotential) -> None:
    atoms = _triclinic()
    label = evaluate(potential, atoms)
    assert label.forces is not None
    assert label.stress is not None
    step = 1e-5
    for atom, axis in ((0, 0), (1, 1), (1, 2)):
        numeric = -_difference(potential, [_moved(atoms, atom, axis, d) for d in (step, -step)])
        assert label.forces[atom, axis] == pytest.approx(numeric / (2 * step), rel=1e-6, abs=1e-6)
    for i, j in ((0, 0), (2, 2), (1, 2), (0, 1)):
        numeric = _difference(potential, [_strained(atoms, i, j, d) for d in (step, -step)])
        numeric /= 2 * step * atoms.get_volume()
        assert label.stress[i, j] == pytest.approx(numeric, rel=1e-6, abs=1e-8)


def test_moving_atoms_by_lattice_vectors_changes_nothing(potential: KIMPotential) -> None:
    atoms, moved = _rattled(), _rattled()
    shifts = np.random.default_rng(5).integers(-3, 4, size=(len(atoms), 3))
    moved.positions += shifts @ atoms.cell.array
    _assert_equal(evaluate(potential, atoms), evaluate(potential, moved))


def test_energy_is_extensive_in_cells_smaller_than_the_cutoff(potential: KIMPotential) -> None:
    atoms = _triclinic()
    small, large = evaluate(potential, atoms), evaluate(potential, atoms * (3, 2, 2))
    assert large.energy == pytest.approx(12 * small.energy, abs=1e-8)


def test_open_directions_need_no_cell(potential: KIMPotential) -> None:
    slab = _slab()
    bare = slab.copy()
    bare.cell[2] = 0.0
    bare.positions[:, 2] += 50.0
    _assert_equal(evaluate(potential, slab), evaluate(potential, bare))
    cluster = _cluster()
    bare = Atoms(cluster.symbols, positions=cluster.positions - 100.0)
    _assert_equal(evaluate(potential, cluster), evaluate(potential, bare))


def test_energy_alone_gives_the_same_energy() -> None:
    potential = KIMPotential(SW)
    atoms = _rattled()
    label = evaluate(potential, atoms, derivatives=False)
    assert label.forces is None
    assert label.stress is None
    assert label.energy == pytest.approx(evaluate(potential, atoms).energy, abs=1e-10)


def test_structures_together_are_as_one_by_one(potential: KIMPotential) -> None:
    structures = [make() for make in STRUCTURES.values()]
    evaluation = potential.prepare([Frame.from_atoms(atoms) for atoms in structures])
    for index in range(len(structures)):
        evaluation.compute(index)
    for atoms, label in zip(structures, evaluation.labels(), strict=True):
        assert label is not None
        _assert_equal(label, evaluate(potential, atoms))


def test_atoms_at_the_same_place_are_refused(neighbors: str) -> None:
    potential = KIMPotential(SW)
    atoms = _rattled()
    atoms.positions[5] = atoms.positions[9] + atoms.cell.array[0]
    with pytest.raises(EIPError, match="same place" if neighbors == "compiled" else "Collision"):
        evaluate(potential, atoms)


def test_a_refused_structure_costs_no_other() -> None:
    structures = [_triclinic(), bulk("Ge"), _slab()]
    evaluation = KIMPotential(SW).prepare([Frame.from_atoms(atoms) for atoms in structures])
    evaluation.compute(0)
    with pytest.raises(EIPError, match="does not know Ge"):
        evaluation.compute(1)
    evaluation.compute(2)
    labels = evaluation.labels()
    assert labels.pop(1) is None
    for atoms, label in zip(structures[::2], labels, strict=True):
        assert label is not None
        _assert_equal(label, evaluate(KIMPotential(SW), atoms))


@pytest.mark.parametrize("scale", [0.6, 0.3])
def test_a_model_may_give_nan(scale: float) -> None:
    atoms = bulk("Si", cubic=True)
    atoms.set_cell(scale * atoms.cell.array, scale_atoms=True)
    name = "ThreeBodyBondOrder_KDS_KhorDasSarma_1988_Si__MO_722489435928_000"
    assert np.isnan(evaluate(KIMPotential(name), atoms).energy)


def test_unknown_model_suggests_near_ones() -> None:
    with pytest.raises(EIPError, match="No KIM model") as caught:
        KIMPotential("SW_StillingerWeber_1985_Si")
    assert SW in caught.value.hint
    with pytest.raises(EIPError) as caught:
        KIMPotential("SW_StillingerWebber_1985_Si__MO_405512056662_005")
    assert SW in caught.value.hint


def test_simulator_model_is_refused_with_a_reason() -> None:
    name = "Sim_LAMMPS_MEAM_LenoskySadighAlonso_2000_Si__SM_622320990752_000"
    assert installed_models()[name] == "simulatorModel"
    with pytest.raises(EIPError, match="runs only inside its simulator"):
        KIMPotential(name)


def test_a_model_takes_no_options() -> None:
    with pytest.raises(EIPError, match="no options"):
        open_potential(parse_source("sw", f"kim:{SW}?cutoff=3"))


def test_without_kimpy_the_package_imports_and_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "kimpy", None)
    with pytest.raises(MissingDependencyError, match="need kimpy") as caught:
        KIMPotential(SW)
    assert "eippot[kim]" in caught.value.hint


def test_without_models_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eippot.eips.kim.installed_models", dict)
    with pytest.raises(MissingDependencyError, match="no KIM model is") as caught:
        KIMPotential(SW)
    assert "openkim-models" in caught.value.hint


def test_writes_no_log(tmp_path: Path) -> None:
    code = (
        "from ase.build import bulk\n"
        "from eippot.eips.frame import Frame\n"
        "from eippot.eips.kim import KIMPotential\n"
        f"KIMPotential('{SW}').prepare([Frame.from_atoms(bulk('Si'))]).compute(0)\n"
        "try: KIMPotential('nonsense')\n"
        "except Exception: pass\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []


def _difference(potential: KIMPotential, pair: list[Atoms]) -> float:
    return evaluate(potential, pair[0]).energy - evaluate(potential, pair[1]).energy


def _moved(atoms: Atoms, atom: int, axis: int, distance: float) -> Atoms:
    moved = atoms.copy()
    moved.positions[atom, axis] += distance
    return moved


def _strained(atoms: Atoms, i: int, j: int, amount: float) -> Atoms:
    strain = np.zeros((3, 3))
    strain[i, j] = amount
    strained = atoms.copy()
    strained.set_cell(atoms.cell.array @ (np.eye(3) + (strain + strain.T) / 2), scale_atoms=True)
    return strained


def _assert_equal(one: EIPLabel, other: EIPLabel) -> None:
    assert one.energy == pytest.approx(other.energy, abs=1e-9)
    assert one.forces == pytest.approx(other.forces, abs=1e-9)
    assert (one.stress is None) == (other.stress is None)
    if one.stress is not None and other.stress is not None:
        assert one.stress == pytest.approx(other.stress, abs=1e-10)
