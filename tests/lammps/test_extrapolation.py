"""The extrapolation grade in LAMMPS: that of ASE on any number of ranks, and its warnings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from ase import Atoms

from eippot import EippotCalculator
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.structures import periodic
from tests.lammps.engine import SET_UP, run, succeed, write_structure
from tests.lammps.test_ranks import in_standard_form
from tests.networks import export_runs, know, save_run
from tests.synthetic import labelled_structures

TYPES: Final = ("C", "Si")
#: whether features are exchanged, ghosts are extended, or an engine runs what is compressed.
FILES: Final[dict[str, dict[str, Any]]] = {
    "schnet": {},
    "gemnet": {},
    "soapnet": {"compress": True},
}
SCRIPT: Final = """
pair_style eippot {arguments}
pair_coeff * * {model}.pt C Si
velocity all create 300 1 loop geom
fix 1 all nve
"""
READ: Final = """
fix grade all pair 2 eippot extrapolation_grade 1
run 2
write_dump all custom {model}.txt id xu yu zu f_grade modify sort id format float %.17g
clear
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that were trained on crystals of the usual density; a denser one as the structure."""
    folder = tmp_path_factory.mktemp("extrapolation")
    for name, options in FILES.items():
        saved = save_run(folder / name, model=ARCHITECTURES[name])
        know(saved, labelled_structures())
        export_runs(folder / f"{name}.pt", saved, precision="float64", **options)
    other = save_run(folder / "other", 1)
    know(other, labelled_structures())
    export_runs(folder / "committee.pt", folder / "schnet", other)
    export_runs(folder / "unknown.pt", save_run(folder / "unknown"))
    write_structure(folder, structure(), TYPES)
    return folder


def structure() -> Atoms:
    """Two dense cells in a row."""
    atoms = periodic()
    atoms.set_cell(0.85 * atoms.cell.array, scale_atoms=True)
    return in_standard_form(atoms * (2, 1, 1))


@pytest.mark.parametrize("ranks", [1, 2])
def test_the_grade_is_that_of_ase(folder: Path, ranks: int) -> None:
    """Read by ``fix pair``, after a step with another neighbor list."""
    script = "".join(
        SET_UP.format(boundary="p p p")
        + SCRIPT.format(model=model, arguments="")
        + READ.format(model=model)
        for model in FILES
    )
    succeed(folder, script, ranks=ranks)
    for model in FILES:
        table = np.loadtxt(folder / f"{model}.txt", skiprows=9)
        atoms = structure()
        atoms.positions = table[:, 1:4]
        expected = EippotCalculator(folder / f"{model}.pt").get_property(
            "extrapolation_grade", atoms
        )
        assert np.ptp(expected) > 0.1
        np.testing.assert_allclose(table[:, 4], expected, rtol=1e-6)


@pytest.mark.parametrize("ranks", [1, 2])
def test_each_excursion_is_warned_of_once(folder: Path, ranks: int) -> None:
    """Squeezed, kept, opened and squeezed again: two excursions of each quantity."""
    script = SET_UP.format(boundary="p p p") + SCRIPT.format(
        model="committee", arguments="warn 2 extrapolation_grade 1.2 force_std 0.01"
    )
    for factor in (1.0, 1.0, 3.0, 1.0 / 3.0):
        scale = f"scale {factor}"
        script += f"change_box all x {scale} y {scale} z {scale} remap\nrun 3\n"
    output = succeed(folder, script, ranks=ranks)
    for quantity, limit in (("extrapolation_grade", 1.2), ("force_std", 0.01)):
        said = rf"WARNING: Pair style eippot at step (\d+): (\d+) of 16 atoms have {quantity} above"
        found = re.findall(rf"{said} {limit}, up to ([\d.]+)", output)
        assert [int(step) for step, _, _ in found] == [0, 10], output
        assert all(1 <= int(count) <= 16 and float(top) > limit for _, count, top in found)


@pytest.mark.parametrize(
    ("model", "arguments", "afterwards", "said"),
    [
        ("schnet", "warn 10", "", "Expected 'pair_style eippot warn N quantity value'"),
        ("schnet", "warn 0 force_std 1", "", "warns every 1 step or more, got 0"),
        ("schnet", "warn 1 pressure 1", "", "'extrapolation_grade' or 'force_std', got 'pressure'"),
        ("schnet", "warn 1 force_std 1", "run 0", "is no committee, so that 'force_std'"),
        ("unknown", "warn 9 extrapolation_grade 1", "run 0", "has no extrapolation grade"),
        ("unknown", "", READ.format(model="x"), "has no extrapolation grade"),
    ],
)
def test_what_cannot_be_is_refused(
    folder: Path, model: str, arguments: str, afterwards: str, said: str
) -> None:
    script = SCRIPT.format(model=model, arguments=arguments)
    output = run(folder, SET_UP.format(boundary="p p p") + script + afterwards)
    assert not output.endswith("exit code 0"), output
    assert said in output
