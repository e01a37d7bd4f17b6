"""Any number of ranks gives what ASE gives: every model, in every kind of cell."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from ase import Atoms
from ase.cell import Cell

from eippot.conventions import stress_from_ase_voigt, stress_to_virial
from eippot.deployment.calculator import EippotCalculator
from eippot.deployment.files import write_exported
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.exporting import exported_model
from eippot.testing.structures import cluster, periodic, slab, small_cell
from eippot.testing.subject import PRECISIONS, Subject
from tests.lammps.engine import BAR, printed, succeed, tensor, write_structure

RANKS: Final = (1, 2, 4, 8)
#: of these also with tables, run by engines of their own.
COMPRESSED: Final = {
    f"compressed_{name}": name for name in ("schnet", "soapnet", "cgcnn", "equivariant")
}
MODELS: Final = (*ARCHITECTURES, *COMPRESSED)
TYPES: Final = ("Si", "C")
#: of energy [eV/atom], of forces [eV/Å], and of the virial relative to its largest component.
TOLERANCE: Final = {"float64": 1e-8, "float32": 1e-5}
#: the steps that are compared: the first neighbor list still holds; then each has its own.
PARTS: Final = (2, 4)

BEGIN: Final = """
clear
units metal
boundary {boundary}
read_data {structure}/structure.data
pair_style eippot
pair_coeff * * {model}.pt Si C
velocity all create 600 12345 loop geom
fix 1 all nve
timestep 0.0005
compute energies all pe/atom
compute virials all stress/atom NULL pair
compute pressure all pressure NULL virial
compute summed all reduce sum c_virials[*]
thermo_style custom step pe c_pressure[1] vol c_summed[1]
thermo_modify lost error
neigh_modify every 1 delay 0 check yes
"""
PART: Final = """
run 2
write_dump all custom {name}.{step} id xu yu zu fx fy fz c_energies &
    modify sort id format float %.17g
print "{name}.{step} $(pe:%.17g) $(vol:%.17g) &
$(c_pressure[1]:%.17g) $(c_pressure[2]:%.17g) $(c_pressure[3]:%.17g) &
$(c_pressure[4]:%.17g) $(c_pressure[5]:%.17g) $(c_pressure[6]:%.17g) &
$(c_summed[1]:%.17g) $(c_summed[2]:%.17g) $(c_summed[3]:%.17g) &
$(c_summed[4]:%.17g) $(c_summed[5]:%.17g) $(c_summed[6]:%.17g)"
neigh_modify every 1 delay 0 check no
"""


def in_standard_form(atoms: Atoms) -> Atoms:
    """The same, with the lower triangular cell that LAMMPS takes."""
    atoms.set_cell(atoms.cell.standard_form()[0], scale_atoms=True)
    return atoms


def slab_in_vacuum() -> Atoms:
    atoms = in_standard_form(slab() * (2, 2, 1))
    atoms.center(vacuum=8.0, axis=2)
    return atoms


def cluster_in_large_box() -> Atoms:
    """In one corner, so that most ranks have no atom."""
    atoms = cluster()
    atoms.set_cell(Cell.fromcellpar([60, 60, 60, 90, 90, 90]))
    atoms.positions += 5.0 - atoms.positions.min()
    return atoms


STRUCTURES: Final[dict[str, Callable[[], Atoms]]] = {
    "bulk": lambda: in_standard_form(periodic() * (2, 2, 2)),
    "triclinic": lambda: in_standard_form(small_cell() * (3, 3, 2)),
    "slab": slab_in_vacuum,
    "cluster": cluster_in_large_box,
    "smaller than the cutoff": lambda: in_standard_form(small_cell()),
}


@dataclass(frozen=True)
class Ranks:
    """Everything that was run on some number of ranks."""

    folder: Path
    output: str


def _name(model: str, precision: str, structure: str) -> str:
    return f"{model}_{precision}_{structure}".replace(" ", "_")


@functools.cache
def opened(path: Path) -> EippotCalculator:
    return EippotCalculator(path)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data files and models."""
    folder = tmp_path_factory.mktemp("ranks")
    for model, precision in product(MODELS, PRECISIONS):
        bins = 512 if model in COMPRESSED else 0
        name = COMPRESSED.get(model, model)
        potential = Subject(ARCHITECTURES[name], PRECISIONS[precision]).potential
        exported = exported_model([potential], name, bins)
        write_exported(*exported, folder / f"{model}_{precision}.pt")
    for name, structure in STRUCTURES.items():
        directory = folder / name.replace(" ", "_")
        directory.mkdir()
        write_structure(directory, structure(), TYPES)
    return folder


@pytest.fixture(scope="module", params=RANKS, ids="ranks{}".format)
def ranks(request: pytest.FixtureRequest, inputs: Path) -> Ranks:
    """One run of LAMMPS for all models and structures."""
    script = ""
    for model, precision, structure in product(MODELS, PRECISIONS, STRUCTURES):
        periodic_axes = STRUCTURES[structure]().pbc
        script += BEGIN.format(
            boundary=" ".join("p" if axis else "f" for axis in periodic_axes),
            structure=structure.replace(" ", "_"),
            model=f"{model}_{precision}",
        )
        for step in PARTS:
            script += PART.format(name=_name(model, precision, structure), step=step)
    return Ranks(inputs, succeed(inputs, script, ranks=request.param, timeout=600.0))


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("model", MODELS)
def test_lammps_equals_ase(ranks: Ranks, model: str, precision: str, structure: str) -> None:
    calculator = opened(ranks.folder / f"{model}_{precision}.pt")
    start = STRUCTURES[structure]()
    for step in PARTS:
        name = f"{_name(model, precision, structure)}.{step}"
        table = np.loadtxt(ranks.folder / name, skiprows=9)
        energy, volume, *virials = printed(ranks.output, name)
        atoms = start.copy()
        atoms.positions = table[:, 1:4]
        assert np.abs(atoms.positions - start.positions).max() > 1e-4
        atoms.calc = calculator
        allowed = TOLERANCE[precision]
        assert abs(energy - atoms.get_potential_energy()) < allowed * len(atoms)
        expected = atoms.get_potential_energies()
        np.testing.assert_allclose(table[:, 7], expected, rtol=0, atol=10 * allowed)
        np.testing.assert_allclose(table[:, 4:7], atoms.get_forces(), rtol=0, atol=allowed)
        if atoms.pbc.all():
            stress = stress_from_ase_voigt(atoms.get_stress())
            virial = stress_to_virial(stress, atoms.get_volume())
            close = {"rtol": 0, "atol": allowed * np.abs(virial).max()}
            total = tensor(np.array(virials[:6]) * volume / BAR)
            np.testing.assert_allclose(total, virial, **close)
            np.testing.assert_allclose(-tensor(np.array(virials[6:]) / BAR), virial, **close)
