"""Memory of training GemNet on forces, 4 cells of 200 atoms: ``make bench NAME=gemnet_memory``.

Rattled, strained aluminium (fcc) with labels of ASE's EMT, default configurations of GemNet-T and
GemNet-Q in float32, each in a process of its own, whose largest resident size is printed.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from typing import Final

import numpy as np
import torch
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT

from eippot.config.model import GemNetConfig
from eippot.data.store import build_graphs
from eippot.graphs.batch import StructureBatch
from eippot.models.factory import build_representation
from eippot.models.potential import Potential
from eippot.models.prediction import predict

LIMIT: Final = 8.0  # GB
STRUCTURES, STEPS = 4, 4


def structure(seed: int) -> Atoms:
    """200 atoms, a few per cent strain, displacements of 0.1 Å."""
    atoms = bulk("Al", cubic=True) * (5, 5, 2)
    random = np.random.default_rng(seed)
    strain = np.eye(3) + 0.02 * random.standard_normal((3, 3))
    atoms.set_cell(atoms.cell.array @ strain, scale_atoms=True)
    atoms.positions += 0.1 * random.standard_normal(atoms.positions.shape)
    atoms.calc = EMT()
    return atoms


def train(config: GemNetConfig) -> None:
    """A few steps on energies per atom and forces; print what they take."""
    structures = [structure(seed) for seed in range(STRUCTURES)]
    energies = torch.tensor([[a.get_potential_energy() / len(a)] for a in structures])
    forces = torch.from_numpy(np.concatenate([a.get_forces() for a in structures])).float()
    graphs = build_graphs(structures, ["Al"], config.cutoff, torch.float32)
    batch = StructureBatch.of(graphs.batch())
    torch.manual_seed(0)
    neighbors = batch.edge_index.shape[1] / len(batch.species)
    potential = Potential(build_representation(config, 1, neighbors), 1, 1, 1.0)
    optimizer = torch.optim.Adam(potential.parameters(), lr=1e-3)
    before, start = peak(), time.process_time()
    for step in range(STEPS):
        found = predict(potential, batch, with_forces=True, with_stress=False, create_graph=True)
        assert found.forces is not None
        error = found.energy / batch.sizes[:, None] - energies
        loss = error.square().mean() + (found.forces - forces).square().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        print(f"  step {step}: loss {loss.item():.4f}, {peak():.2f} GB")
    seconds = (time.process_time() - start) / STEPS
    weights = sum(weight.numel() for weight in potential.parameters())
    print(
        f"  {weights} weights, {len(batch.species)} atoms, {neighbors:.0f} neighbors each: "
        f"{seconds:.1f} CPU s per step, {before:.2f} GB before, {peak():.2f} GB at most"
    )


def peak() -> float:
    """Largest resident size of this process so far [GB] (Linux: ru_maxrss is in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def main() -> None:
    """Measure both forms, each in a fresh process; fail above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quadruplets", choices=["no", "yes"], help="measure this form, here")
    form = parser.parse_args().quadruplets
    if form:
        train(GemNetConfig(quadruplets=form == "yes"))
        if peak() > LIMIT:
            sys.exit(f"More than {LIMIT} GB.")
        return
    for form, name in (("no", "GemNet-T"), ("yes", "GemNet-Q")):
        print(name, flush=True)
        subprocess.run([sys.executable, __file__, "--quadruplets", form], check=True)


if __name__ == "__main__":
    main()
