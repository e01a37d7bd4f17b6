"""Silicon on the engines of compressed models: ``make bench NAME=engine``.

Energies and forces of rattled diamond, 28 neighbors, random weights. Prints time and processor time
per atom (best of several evaluations: on a busy machine, the latter on one thread says more), and
memory per atom.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import torch
from ase.build import bulk
from pydantic import TypeAdapter

from eippot.config.model import ArchitectureConfig, ModelConfig
from eippot.deployment.engines import parameters_of
from eippot.graphs.neighbors import neighbor_list
from eippot.kernels.engine import Engine, Neighborhoods
from eippot.kernels.library import build_library
from eippot.models.factory import build_representation
from eippot.models.potential import Potential
from eippot.testing.exporting import exported_model

CUTOFF = 5.0


def main() -> None:
    arguments = _arguments()
    torch.manual_seed(0)
    config: ArchitectureConfig = TypeAdapter(ModelConfig).validate_python(
        {"architecture": arguments.architecture, "cutoff": CUTOFF, **dict(arguments.options)}
    )
    potential = Potential(build_representation(config, 1, 28.0), n_species=1, n_heads=1, scale=1.0)
    model, metadata = exported_model(
        [potential.double()], arguments.architecture, arguments.bins, {"Si": 0.0}
    )
    engine = Engine(
        build_library(),
        arguments.architecture,
        parameters_of(model, metadata),
        arguments.precision,
        arguments.instructions,
    )
    print(" atoms  threads  µs/atom  CPU µs/atom  bytes/atom")
    for cells in arguments.cells:
        around = _silicon(cells)
        n_atoms = len(around.species)
        for n_threads in arguments.threads:
            evaluate = engine.prepare(around, n_threads)
            repeats = range(arguments.repeats)
            wall, cpu = np.array([_seconds(evaluate) for _ in repeats]).min(axis=0) / n_atoms
            print(
                f"{n_atoms:6d}  {n_threads:7d}  {1e6 * wall:7.2f}  {1e6 * cpu:11.2f}  "
                f"{engine.bytes / n_atoms:10.0f}",
                flush=True,
            )


def _silicon(cells: int) -> Neighborhoods:
    """A cube of unit cells of eight atoms at about 300 K."""
    atoms = bulk("Si", a=5.431, cubic=True) * (cells, cells, cells)
    atoms.rattle(0.08, seed=1)
    neighbors = neighbor_list(atoms, CUTOFF)
    center, neighbor = neighbors.edge_index
    first = np.searchsorted(center, np.arange(len(atoms) + 1))
    offsets = neighbors.edge_vectors - atoms.positions[neighbor] + atoms.positions[center]
    species = np.zeros(len(atoms), dtype=np.int32)
    return Neighborhoods(species, first, neighbor, offsets, atoms.positions)


def _seconds(evaluate: Callable[[], object]) -> tuple[float, float]:
    """Time of one call, and processor time of all threads."""
    start, start_cpu = time.perf_counter(), time.process_time()
    evaluate()
    return time.perf_counter() - start, time.process_time() - start_cpu


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture", nargs="?", default="schnet")
    parser.add_argument("options", nargs="*", type=_option, help="of the architecture: NAME=VALUE")
    parser.add_argument("--cells", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--bins", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--instructions")
    return parser.parse_args()


if __name__ == "__main__":
    main()
