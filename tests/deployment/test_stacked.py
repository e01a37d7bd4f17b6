"""StackCalculator: combinations of EIPs in ASE, and what corrects them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import PropertyNotImplementedError

from eippot import EippotCalculator, StackCalculator
from eippot.config.deployment import ExportConfig
from eippot.config.label import LabelConfig
from eippot.config.stages import StackConfig
from eippot.errors import ModelError
from eippot.stages import export, label, stack
from eippot.structures.io import read_structures, write_structures
from tests.synthetic import TINY_MODEL, training

#: emt stands for DFT.
EIPS = {
    "mishin": "kim:EAM_Dynamo_MishinMehlPapaconstantopoulos_2001_Cu__MO_346334655118_005",
    "morse": "ase:ase.calculators.morse.MorsePotential?epsilon=0.35&r0=2.6&rho0=4.0&rcut1=4.5",
}


@pytest.fixture(scope="module")
def stacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the results of both kinds of stack on rattled copper."""
    folder = tmp_path_factory.mktemp("stacked")
    structures = [_rattled(seed) for seed in range(40)]
    write_structures(folder / "in.extxyz", structures)
    everything = EIPS | {"emt": "ase:ase.calculators.emt.EMT"}
    options = {"input": folder / "in.extxyz", "output": folder / "all.extxyz", "eips": everything}
    label.run(LabelConfig.model_validate(options | {"workers": 1}))
    structures = read_structures(folder / "all.extxyz")
    for atoms in structures[:30]:
        atoms.info["REF_energy"] = atoms.info["eip_emt_energy"]
        atoms.arrays["REF_forces"] = atoms.arrays["eip_emt_forces"]
    write_structures(folder / "labelled.extxyz", structures)
    for method in ("combination", "delta"):
        values = {
            "data": {"structures": folder / "labelled.extxyz"},
            "output": folder / f"{method}.extxyz",
            "method": method,
            "eips": list(EIPS),
            "keep": 1.0,
            "delta": {"run": folder / "delta", "model": TINY_MODEL, "training": training()},
        }
        found = stack.run(StackConfig.model_validate(values), progress=False)
        assert found.combination == folder / f"{method}.combination.json"
    export.run(ExportConfig(runs=(folder / "delta",), output=folder / "delta.pt"))
    return folder


def _rattled(seed: int) -> Atoms:
    atoms = bulk("Cu", a=3.6 + 0.01 * (seed % 10), cubic=True)
    atoms.rattle(0.08, seed=seed)
    return atoms


@pytest.mark.parametrize("method", ["combination", "delta"])
def test_labels_are_those_of_the_stage(stacked: Path, method: str) -> None:
    correction = EippotCalculator(stacked / "delta.pt") if method == "delta" else None
    calculator = StackCalculator(stacked / f"{method}.combination.json", correction)
    weak = [a for a in read_structures(stacked / f"{method}.extxyz") if "weak_energy" in a.info]
    assert len(weak) == 10
    for atoms in weak[:3]:
        energy, forces = atoms.info["weak_energy"], atoms.arrays["weak_forces"]
        stress = atoms.info["weak_stress"]
        atoms.calc = calculator
        assert atoms.get_potential_energy() == pytest.approx(energy, abs=1e-5)
        np.testing.assert_allclose(atoms.get_forces(), forces, atol=1e-5)
        np.testing.assert_allclose(atoms.get_stress(), stress, atol=1e-6)


def test_without_periodicity_there_is_no_stress(stacked: Path) -> None:
    atoms = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 2.4]])
    atoms.calc = StackCalculator(stacked / "combination.combination.json")
    assert np.isfinite(atoms.get_potential_energy())
    with pytest.raises(PropertyNotImplementedError):
        atoms.get_stress()


def test_what_it_cannot_do_it_says(stacked: Path, tmp_path: Path) -> None:
    path = stacked / "combination.combination.json"
    atoms = bulk("Ag")
    atoms.calc = StackCalculator(path)
    with pytest.raises(ModelError, match="Expected only Cu, got Ag"):
        atoms.get_potential_energy()
    unknown = tmp_path / "unknown.json"
    text = path.read_text()
    unknown.write_text(text[: text.index('"origins"')] + '"origins": {}}')
    with pytest.raises(ModelError, match="mishin, morse"):
        StackCalculator(unknown)
    assert StackCalculator(unknown, eips=EIPS).combination.sources == ("mishin", "morse")
    (tmp_path / "wrong.json").write_text("{}")
    (tmp_path / "short.json").write_text(json.dumps(json.loads(text) | {"weights": [1.0]}))
    for wrong in ("wrong.json", "short.json", "missing.json"):
        with pytest.raises(ModelError, match="Expected a combination of EIPs"):
            StackCalculator(tmp_path / wrong)
