"""Molecular dynamics of silicon through the ASE calculator conserves energy.

The potential is a SchNet whose last layer is fitted, by linear least squares, to a
Stillinger–Weber potential: cheap, and it holds a diamond crystal together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
import torch
from ase import Atoms, units
from ase.build import bulk
from ase.md.verlet import VelocityVerlet
from matscipy.calculators.manybody import Manybody
from matscipy.calculators.manybody.explicit_forms import StillingerWeber
from matscipy.calculators.manybody.explicit_forms.stillinger_weber import (
    Stillinger_Weber_PRB_31_5262_Si,
)
from torch import nn

from eippot import EippotCalculator
from eippot.config.model import SchNetConfig
from eippot.data.store import build_graphs
from eippot.deployment.exported import ExportedModel, Metadata
from eippot.deployment.files import write_exported
from eippot.deployment.self_test import self_test_inputs
from eippot.graphs.batch import StructureBatch
from eippot.models.factory import build_representation
from eippot.models.potential import Potential
from eippot.models.prediction import predict

CONFIG: Final = SchNetConfig(cutoff=4.5, channels=16, interactions=2, radial_functions=12)


def _distorted_crystals(count: int = 12) -> list[Atoms]:
    """Eight atoms each, with energies per atom ten times as important as force components."""
    random = np.random.default_rng(0)
    structures = []
    for _ in range(count):
        atoms = bulk("Si", cubic=True)
        atoms.set_cell(random.uniform(0.96, 1.04) * atoms.cell.array, scale_atoms=True)
        atoms.positions += random.uniform(0.02, 0.25) * random.standard_normal((8, 3))
        atoms.calc = Manybody(**StillingerWeber(Stillinger_Weber_PRB_31_5262_Si))
        structures.append(atoms)
    return structures


def _potential(n_heads: int) -> Potential:
    torch.manual_seed(0)
    representation = build_representation(CONFIG, 1, average_neighbors=17.0)
    with torch.no_grad():
        for weight in representation.parameters():
            weight.mul_(2.0 if weight.dim() > 1 else 1.0)
    return Potential(representation, 1, n_heads, scale=1.0).double()


def _columns(basis: Potential, structures: list[Atoms]) -> torch.Tensor:
    """10·E/N of every structure and all forces (rows) for every feature (columns)."""
    graphs = build_graphs(structures, ["Si"], CONFIG.cutoff, torch.float64)
    batch = StructureBatch.of(graphs.batch())
    columns = []
    for k in range(CONFIG.channels):
        head = torch.full((len(structures),), k)
        found = predict(
            basis, batch, with_forces=True, with_stress=False, create_graph=False, head=head
        )
        assert found.forces is not None
        columns.append(torch.cat([10 * found.energy[:, k] / 8, found.forces.flatten()]))
    return torch.stack(columns, dim=1)


def _last_layer(model: Potential) -> nn.Linear:
    layer = model.heads.layers[2]
    assert isinstance(layer, nn.Linear)
    return layer


def _silicon() -> Potential:
    structures = _distorted_crystals()
    model, basis = _potential(1), _potential(CONFIG.channels)
    with torch.no_grad():
        _last_layer(basis).weight.copy_(torch.eye(CONFIG.channels))
        basis.heads.layers[0].load_state_dict(model.heads.layers[0].state_dict())
    design = _columns(basis, structures)
    energies = [10 * a.get_potential_energy() / 8 for a in structures]
    forces = np.concatenate([a.get_forces().ravel() for a in structures])
    target = torch.from_numpy(np.concatenate([energies, forces]))
    weights = torch.linalg.lstsq(design, target[:, None]).solution[:, 0]
    assert (design @ weights - target).std() < 0.3 * target.std()
    with torch.no_grad():
        _last_layer(model).weight.copy_(weights[None])
    return model


@pytest.fixture(scope="module")
def silicon_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    metadata = Metadata(
        architecture="schnet",
        species=["Si"],
        cutoff=CONFIG.cutoff,
        interaction_range=2 * CONFIG.cutoff,
        ghost_range=CONFIG.cutoff,
        n_exchanges=1,
        dtype="float64",
        eippot_version="0.1.0",
        citation="",
    )
    exported = ExportedModel(_silicon(), torch.zeros(1, dtype=torch.float64), metadata)
    exported.set_self_test(*self_test_inputs(["Si"], CONFIG.cutoff))
    path = tmp_path_factory.mktemp("silicon") / "si.pt"
    write_exported(exported, metadata, path)
    return path


def _energies(model: Path, timestep: float, duration: float) -> tuple[np.ndarray, Atoms]:
    """Total energies [eV/atom] along NVE dynamics that starts at 600 K in a perfect crystal."""
    atoms = bulk("Si", cubic=True) * 2
    atoms.calc = EippotCalculator(model)
    momenta = np.random.default_rng(1).standard_normal((len(atoms), 3))
    momenta *= np.sqrt(units.kB * 600 * atoms.get_masses())[:, None]
    atoms.set_momenta(momenta - momenta.mean(axis=0))
    dynamics = VelocityVerlet(atoms, timestep * units.fs)
    energies = []
    for _ in range(round(duration / timestep)):
        dynamics.run(1)
        energies.append(atoms.get_total_energy() / len(atoms))
    return np.array(energies), atoms


def test_energy_is_conserved(silicon_model: Path) -> None:
    """64 atoms, 300 K: no drift, and fluctuations that fall as the square of the time step."""
    coarse, _ = _energies(silicon_model, 2.0, 200.0)
    fine, atoms = _energies(silicon_model, 1.0, 200.0)
    assert 3.5 < coarse.std() / fine.std() < 4.5
    assert fine.std() < 5e-5
    halves = fine[20:110].mean() - fine[110:].mean()
    assert abs(halves) / 0.09 < 1e-4, "drift [eV/atom/ps]"
    displacements = atoms.positions - (bulk("Si", cubic=True) * 2).positions
    assert np.abs(displacements).max() < 0.5, "the crystal is bound"
    assert 150 < atoms.get_temperature() < 450
    assert np.abs(atoms.get_momenta().sum(axis=0)).max() < 1e-9
