"""Every architecture goes the whole way: from labels of EIPs to dynamics in ASE and LAMMPS."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from ase import units
from ase.md.verlet import VelocityVerlet

from eippot import EippotCalculator
from eippot.config.deployment import EvaluateConfig
from eippot.config.model import ArchitectureConfig
from eippot.models.saved import load_card
from eippot.properties import FORCES
from eippot.stages import evaluate
from eippot.structures.io import has_reference_energy, read_structures
from eippot.testing.architectures import ARCHITECTURES
from tests.lammps.engine import single_point, write_structure
from tests.lammps.materials import MATERIALS, Material
from tests.lammps.test_exported_schnet import in_ase
from tests.lammps.test_single_point import assert_equal
from tests.pipeline import Pipeline, run_pipeline

#: forms of an architecture that differ in an option are tried with two elements alone.
WAYS: Final = [
    (material, name)
    for material, name in product(MATERIALS, ARCHITECTURES)
    if material == "silicon carbide" or ARCHITECTURES[name].architecture == name
]

DYNAMICS: Final = """
undump out
fix 1 all nve
timestep 0.001
run 20
write_dump all custom moved.txt id xu yu zu modify sort id format float %.17g
"""


@dataclass(frozen=True)
class Way:
    """What was trained on what, and the outcome of the stages."""

    material: Material
    model: ArchitectureConfig
    stages: Pipeline
    calculator: EippotCalculator

    def pair_style(self, types: tuple[str, ...]) -> str:
        """LAMMPS' commands, with the symbols of the types."""
        return f"pair_style eippot\npair_coeff * * {self.stages.export.path} {' '.join(types)}\n"


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The labelled structures of each material."""
    return {
        name: material.write_labelled(tmp_path_factory.mktemp("labelled"))
        for name, material in MATERIALS.items()
    }


@pytest.fixture(scope="module", params=WAYS, ids="-".join)
def way(
    request: pytest.FixtureRequest,
    labelled: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Way:
    """One architecture after pretrain, classify, finetune and export."""
    material, name = request.param
    folder, model = tmp_path_factory.mktemp("way"), ARCHITECTURES[name]
    stages = run_pipeline(folder, labelled[material], model, precision="float64")
    return Way(MATERIALS[material], model, stages, EippotCalculator(stages.export.path))


def test_all_stages_train_the_architecture(way: Way) -> None:
    """Finetune is not told which it is: it comes with the pretrained model."""
    for run in ("pretrained", "classifier", "run"):
        assert load_card(way.stages.directory / run).model == way.model
    assert set(load_card(way.stages.directory / "pretrained").outputs) == set(way.material.eips)
    metadata = way.calculator.metadata
    assert metadata.architecture == way.model.architecture
    assert metadata.species == sorted(way.material.types)


def test_errors_are_those_of_the_calculator(way: Way, tmp_path: Path) -> None:
    path = way.stages.labelled
    config = EvaluateConfig(model=way.stages.export.path, structures=path, output=tmp_path)
    total = evaluate.run(config).rows[-1]
    reference = [atoms for atoms in read_structures(path) if has_reference_energy(atoms)]
    assert total.structures == len(reference)
    errors = [
        way.calculator.get_property("forces", atoms) - atoms.arrays["REF_forces"]
        for atoms in reference
        if "REF_forces" in atoms.arrays
    ]
    assert total.mae[FORCES] == pytest.approx(1000 * np.abs(np.concatenate(errors)).mean())


def test_lammps_equals_ase(way: Way, tmp_path: Path) -> None:
    """One point, and dynamics, masses included. Exchanged elements are another crystal."""
    atoms, types = way.material.crystal.copy(), way.material.types
    write_structure(tmp_path, atoms, types)
    exchanged = way.pair_style(types[::-1]) + 'run 0\nprint "$(pe:%.17g)" file exchanged.txt\n'
    before = single_point(tmp_path, atoms, exchanged + way.pair_style(types), afterwards=DYNAMICS)
    assert np.abs(before.forces).max() > 0.01
    assert_equal(before, in_ase(way.calculator, atoms), "float64")
    other = float((tmp_path / "exchanged.txt").read_text())
    assert (abs(other - before.energy) > 1e-3) == (len(types) > 1)
    atoms.calc = way.calculator
    VelocityVerlet(atoms, 1.0 * units.fs).run(20)
    assert np.abs(atoms.positions - way.material.crystal.positions).max() > 0.01
    moved = np.loadtxt(tmp_path / "moved.txt", skiprows=9)[:, 1:]
    np.testing.assert_allclose(moved, atoms.positions, rtol=0, atol=1e-6)
