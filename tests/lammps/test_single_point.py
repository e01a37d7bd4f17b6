"""LAMMPS and Python give the same numbers for the same file, whatever the structure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, diamond100

from tests.lammps.brute_force import Result, evaluate
from tests.lammps.engine import (
    BAR,
    MEASURE,
    SET_UP,
    atomic_values,
    printed,
    single_point,
    succeed,
    tensor,
    write_structure,
)
from tests.lammps.many_body import ManyBody, write_model

SILICON = "pair_style eippot\npair_coeff * * model.pt Si\n"


@dataclass(frozen=True)
class Tolerance:
    energy: float  # relative in float64; eV/atom in float32
    forces: float  # eV/Å
    virial: float  # relative to the largest component, or to 1 eV


TOLERANCES = {"float64": Tolerance(1e-10, 1e-10, 1e-10), "float32": Tolerance(1e-6, 1e-5, 1e-5)}


def bulk216() -> Atoms:
    return rattled(bulk("Si", cubic=True).repeat(3))


def triclinic() -> Atoms:
    atoms = bulk("Si").repeat(3)
    strain = np.array([[1.02, 0.0, 0.0], [0.05, 0.97, 0.0], [-0.03, 0.04, 1.01]])
    atoms.set_cell(atoms.cell.standard_form()[0] @ strain, scale_atoms=True)
    return rattled(atoms)


def two_atoms() -> Atoms:
    atoms = bulk("Si")
    atoms.set_cell(atoms.cell.standard_form()[0], scale_atoms=True)
    return rattled(atoms)


def one_atom() -> Atoms:
    return Atoms("Si", cell=[2.4, 2.6, 2.8], pbc=True, positions=[[0.3, 0.1, 2.7]])


def slab() -> Atoms:
    atoms = rattled(diamond100("Si", (2, 2, 6), vacuum=6.0))
    atoms.pbc = (True, True, False)
    return atoms


def wire() -> Atoms:
    atoms = slab()
    atoms.positions += [3.0, 3.0, 0.0]
    atoms.set_cell(atoms.cell.array + np.diag([9.0, 0.0, 0.0]))
    atoms.pbc = (False, True, True)
    return atoms


def cluster() -> Atoms:
    """Seven atoms, and an eighth that has no neighbor."""
    atoms = Atoms("Si7", positions=10.0 + 2.0 * np.random.default_rng(3).random((7, 3)))
    atoms += Atoms("Si", positions=[[25.0, 25.0, 25.0]])
    atoms.set_cell([30.0, 30.0, 30.0])
    return atoms


def isolated() -> Atoms:
    return Atoms("Si", positions=[[5.0, 5.0, 5.0]], cell=[20.0, 20.0, 20.0], pbc=True)


def rattled(atoms: Atoms) -> Atoms:
    atoms.rattle(0.1, seed=7)
    return atoms


STRUCTURES = [bulk216, triclinic, two_atoms, one_atom, slab, wire, cluster, isolated]


def assert_equal(ours: Result, theirs: Result, dtype: str) -> None:
    allowed, n = TOLERANCES[dtype], len(theirs.energies)
    scale = abs(theirs.energy) if dtype == "float64" else n
    assert abs(ours.energy - theirs.energy) <= allowed.energy * scale
    np.testing.assert_allclose(ours.energies.sum(), ours.energy, rtol=1e-13)
    np.testing.assert_allclose(ours.energies, theirs.energies, rtol=0, atol=100 * allowed.energy)
    np.testing.assert_allclose(ours.forces, theirs.forces, rtol=0, atol=allowed.forces)
    scale = max(1.0, float(np.abs(theirs.virial).max()))
    np.testing.assert_allclose(ours.virial, theirs.virial, rtol=0, atol=allowed.virial * scale)


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda make: str(make.__name__))
def test_lammps_equals_python(tmp_path: Path, structure: object, dtype: str) -> None:
    assert callable(structure)
    atoms = structure()
    model = write_model(tmp_path / "model.pt", ManyBody(dtype=dtype))
    write_structure(tmp_path, atoms, ("Si",))
    assert_equal(single_point(tmp_path, atoms, SILICON), evaluate(model, atoms), dtype)


def test_species_are_mapped_by_symbol_not_by_order(tmp_path: Path) -> None:
    atoms = bulk216()
    atoms.symbols[::3] = "Ge"
    model = write_model(tmp_path / "model.pt", ManyBody(species=("Ge", "C", "Si")))
    write_structure(tmp_path, atoms, ("Si", "Ge", "Si"))
    ours = single_point(tmp_path, atoms, "pair_style eippot\npair_coeff * * model.pt Si Ge Si\n")
    assert_equal(ours, evaluate(model, atoms), "float64")


@pytest.mark.parametrize("structure", [triclinic, one_atom, slab])
def test_per_atom_virials_sum_to_the_virial(tmp_path: Path, structure: object) -> None:
    assert callable(structure)
    atoms = structure()
    write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, atoms, ("Si",))
    result = single_point(tmp_path, atoms, SILICON)
    summed = tensor(-atomic_values(tmp_path)[:, 5:].sum(axis=0) / BAR)
    np.testing.assert_allclose(summed, result.virial, rtol=1e-12, atol=1e-12)


def test_the_virial_is_the_derivative_by_strain(tmp_path: Path, model64: Path) -> None:
    atoms, step = triclinic(), 1e-5
    energy = []
    for sign in (1, -1):
        strained = atoms.copy()
        strained.set_cell(atoms.cell.array * [1.0, 1.0, 1.0 + sign * step], scale_atoms=True)
        energy.append(evaluate(model64, strained).energy)
    model64.rename(tmp_path / "model.pt")
    write_structure(tmp_path, atoms, ("Si",))
    result = single_point(tmp_path, atoms, SILICON)
    assert result.virial[2, 2] == pytest.approx(-(energy[0] - energy[1]) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("commands", ["newton off", "newton on off", "atom_modify map hash"])
def test_newton_and_atom_maps_do_not_matter(
    tmp_path: Path, silicon64: Atoms, commands: str
) -> None:
    model = write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, silicon64, ("Si",))
    script = f"{commands}\n{SET_UP.format(boundary='p p p')}{SILICON}{MEASURE}"
    if commands.startswith("atom_modify"):
        script = script.replace(f"{commands}\n", "").replace("boundary", f"{commands}\nboundary")
    energy = printed(succeed(tmp_path, script))[0]
    expected = evaluate(model, silicon64)
    assert energy == pytest.approx(expected.energy, rel=1e-12)
    np.testing.assert_allclose(atomic_values(tmp_path)[:, 1:4], expected.forces, atol=1e-10)


def test_atom_ids_may_have_gaps(tmp_path: Path, silicon64: Atoms) -> None:
    model = write_model(tmp_path / "model.pt", ManyBody())
    ids = [7 * k + 5 for k in range(64)]
    write_structure(tmp_path, silicon64, ("Si",), ids)
    deleted = "group some id 5 40 75 201\ndelete_atoms group some compress no\n"
    ours = single_point(tmp_path, silicon64, SILICON + deleted)
    kept = silicon64[[k for k, i in enumerate(ids) if i not in (5, 40, 75, 201)]]
    assert_equal(ours, evaluate(model, kept), "float64")


def test_no_atoms_at_all(tmp_path: Path, silicon64: Atoms) -> None:
    write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, silicon64, ("Si",))
    script = SET_UP.format(boundary="p p p") + SILICON + "delete_atoms group all\n" + MEASURE
    assert printed(succeed(tmp_path, script))[0] == 0.0


@pytest.mark.parametrize(
    ("units", "angstrom", "electronvolt"),
    [("real", 1.0, 23.060549), ("electron", 1.88972612, 0.0367493), ("si", 1e-10, 1.6021765e-19)],
)
def test_other_units(
    tmp_path: Path, silicon64: Atoms, units: str, angstrom: float, electronvolt: float
) -> None:
    model = write_model(tmp_path / "model.pt", ManyBody())
    expected = evaluate(model, silicon64)
    scaled = silicon64.copy()
    scaled.set_cell(silicon64.cell.array * angstrom, scale_atoms=True)
    write_structure(tmp_path, scaled, ("Si",))
    script = SET_UP.format(boundary="p p p").replace("metal", units)
    script += f"neighbor {angstrom} bin\n" + SILICON + MEASURE
    energy = printed(succeed(tmp_path, script))[0]
    assert energy == pytest.approx(expected.energy * electronvolt, rel=2e-6)
    forces = atomic_values(tmp_path)[:, 1:4] * angstrom / electronvolt
    np.testing.assert_allclose(forces, expected.forces, rtol=1e-5, atol=1e-6)


def test_two_threads(tmp_path: Path, silicon64: Atoms) -> None:
    model = write_model(tmp_path / "model.pt", ManyBody())
    write_structure(tmp_path, silicon64, ("Si",))
    ours = single_point(tmp_path, silicon64, SILICON, {"OMP_NUM_THREADS": "2"})
    assert_equal(ours, evaluate(model, silicon64), "float64")
