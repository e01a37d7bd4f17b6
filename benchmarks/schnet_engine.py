"""Silicon with the C++ engine of SchNet: ``python -m benchmarks.schnet_engine LIBRARY``.

Energies and forces of rattled diamond, 28 neighbors, 128 channels, three interactions, random
weights. Prints time and processor time per atom (best of several evaluations: on a busy machine,
the latter on one thread says more), and memory per atom.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from ase.build import bulk

from eippot.config.model import SchNetConfig
from eippot.graphs.neighbors import neighbor_list
from eippot.kernels.schnet import Neighborhoods, SchNetEngine
from eippot.models.factory import build_representation
from eippot.models.potential import Potential

CUTOFF = 5.0
ATOMS_PER_CELL = 8


def main() -> None:
    arguments = _arguments()
    torch.manual_seed(0)
    config = SchNetConfig(channels=arguments.channels, interactions=3, cutoff=CUTOFF)
    schnet = build_representation(config, n_species=1, average_neighbors=28.0)
    potential = Potential(schnet, n_species=1, n_heads=1, scale=1.0).double()
    potential = potential.tabulated(arguments.bins)
    print(" atoms  threads  µs/atom  CPU µs/atom  bytes/atom")
    for cells in arguments.cells:
        around = _silicon(cells)
        n_atoms = len(around.species)
        for n_threads in arguments.threads:
            engine = SchNetEngine(
                arguments.library,
                potential,
                [0.0],
                arguments.precision,
                arguments.instructions,
            )
            evaluate = engine.prepare(around, n_threads)
            repeats = range(arguments.repeats)
            wall, cpu = np.array([_seconds(evaluate) for _ in repeats]).min(axis=0) / n_atoms
            print(
                f"{n_atoms:6d}  {n_threads:7d}  {1e6 * wall:7.2f}  {1e6 * cpu:11.2f}  "
                f"{engine.bytes / n_atoms:10.0f}",
                flush=True,
            )


def _silicon(cells: int) -> Neighborhoods:
    """A cube of unit cells at about 300 K."""
    atoms = bulk("Si", a=5.431, cubic=True) * (cells, cells, cells)
    assert len(atoms) == ATOMS_PER_CELL * cells**3
    atoms.rattle(0.08, seed=1)
    neighbors = neighbor_list(atoms, CUTOFF)
    first = np.searchsorted(neighbors.edge_index[0], np.arange(len(atoms) + 1))
    species = np.zeros(len(atoms), dtype=np.int32)
    return Neighborhoods(species, first, neighbors.edge_index[1], neighbors.edge_vectors)


def _seconds(evaluate: Callable[[], object]) -> tuple[float, float]:
    """Time of one call, and processor time of all threads."""
    start, start_cpu = time.perf_counter(), time.process_time()
    evaluate()
    return time.perf_counter() - start, time.process_time() - start_cpu


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", type=Path, help="libeippot_kernels.so")
    parser.add_argument("--cells", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--bins", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--instructions")
    return parser.parse_args()


if __name__ == "__main__":
    main()
