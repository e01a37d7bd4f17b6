"""What a potential says of a structure, and how two such results are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from ase import Atoms

from eippot.data.store import build_graphs
from eippot.graphs.batch import StructureBatch
from eippot.models.potential import Potential
from eippot.models.prediction import predict
from eippot.testing.structures import CUTOFF, SPECIES

Floats = npt.NDArray[np.float64]

_UNITS: Final = {"energy": "eV", "atomic": "eV", "forces": "eV/Å", "stress": "eV/Å³"}


@dataclass(frozen=True)
class Result:
    """What a potential says of a structure of n atoms.

    Attributes
    ----------
    energy
        [eV], relative to isolated atoms.
    atomic
        ``(n,)`` atomic energies [eV].
    forces
        ``(n, 3)`` [eV/Å].
    stress
        ``(3, 3)`` [eV/Å³], NaN without a volume.
    """

    energy: float
    atomic: Floats
    forces: Floats
    stress: Floats

    @property
    def size(self) -> float:
        """Largest atomic energy [eV] or force [eV/Å]: what rounding errors are relative to.

        At least 1, the size of the forces of a Subject: small results are differences of others.
        """
        return float(max(abs(self.atomic).max(initial=1.0), abs(self.forces).max(initial=1.0)))

    @property
    def stress_size(self) -> float:
        """Largest component of the stress, or force times distance by the volume of an atom."""
        largest = float(abs(np.nan_to_num(self.stress)).max())
        return max(largest, self.size * 2.4 / 12.0)


def evaluate(potential: Potential, atoms: Atoms) -> Result:
    """Ask a potential of SPECIES for everything."""
    batch = _batch(potential, [atoms])
    found = predict(potential, batch, with_forces=True, with_stress=True, create_graph=False)
    atomic = potential(batch.species, batch.edge_index, batch.edge_vectors)
    assert found.forces is not None
    assert found.stress is not None
    return Result(
        float(found.energy[0, 0].detach()),
        atomic[:, 0].detach().double().numpy(),
        found.forces.detach().double().numpy(),
        found.stress[0].detach().double().numpy(),
    )


def energies(potential: Potential, structures: Sequence[Atoms]) -> Floats:
    """``(B,)`` energies [eV], relative to isolated atoms."""
    batch = _batch(potential, structures)
    found = predict(potential, batch, with_forces=False, with_stress=False, create_graph=False)
    values: Floats = found.energy[:, 0].detach().double().numpy()
    return values


def batch_of(
    structures: Sequence[Atoms], dtype: torch.dtype = torch.float64, cutoff: float = CUTOFF
) -> StructureBatch:
    """Structures made of SPECIES as a model takes them."""
    return StructureBatch.of(build_graphs(structures, SPECIES, cutoff, dtype).batch())


def _batch(potential: Potential, structures: Sequence[Atoms]) -> StructureBatch:
    return batch_of(structures, potential.scale.dtype, potential.representation.cutoff)


def expect(condition: bool | np.bool_, message: str) -> None:
    """Raise AssertionError with the message unless the condition holds (also under -O)."""
    if not condition:
        raise AssertionError(message)


def expect_close(
    found: npt.ArrayLike, expected: npt.ArrayLike, allowed: float, what: str, unit: str = "eV"
) -> None:
    """Raise AssertionError unless each value is within ``allowed`` of the expected one.

    NaN where NaN is expected is right.
    """
    a, b = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    expect(a.shape == b.shape, f"{what}: expected shape {b.shape}, got {a.shape}")
    deviation = np.where(np.isnan(a) & np.isnan(b), 0.0, abs(a - b))
    if not (deviation <= allowed).all():
        worst = np.unravel_index(np.argmax(np.nan_to_num(deviation, nan=np.inf)), a.shape)
        index = f"[{', '.join(map(str, worst))}]" if worst else ""
        raise AssertionError(
            f"{what}{index}: expected {b[worst]:.10g} {unit} within {allowed:.1e}, "
            f"got {a[worst]:.10g}"
        )


def expect_same(found: Result, expected: Result, tolerance: float, where: str) -> None:
    """Raise AssertionError unless results agree, relative to their size.

    Parameters
    ----------
    found, expected
        The results.
    tolerance
        Relative to the largest expected value; see Result.size and Precision.
    where
        The structure, and what was done with it.
    """
    sizes = {
        "energy": expected.size * len(expected.atomic),
        "atomic": expected.size,
        "forces": expected.size,
        "stress": expected.stress_size,
    }
    for name, size in sizes.items():
        a, b = getattr(found, name), getattr(expected, name)
        what = "atomic energies" if name == "atomic" else name
        expect_close(a, b, tolerance * size, f"{where}: {what}", _UNITS[name])
