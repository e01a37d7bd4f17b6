"""Neighbor lists of many structures, in memory and in a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms

from eippot.data import edges
from eippot.data.edges import Edges, find_edges
from eippot.errors import DataError
from eippot.graphs.neighbors import neighbor_list
from eippot.testing.structures import cluster, dimer, isolated_atom, periodic

STRUCTURES = [periodic(), isolated_atom(), cluster(), periodic(), dimer(1.6)]


def _of(found: Edges, structure: int) -> tuple[torch.Tensor, torch.Tensor]:
    rows = slice(int(found.starts[structure]), int((found.starts + found.counts)[structure]))
    return found.pairs[rows], found.vectors[rows]


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_edges_are_those_of_each_structure(kept: bool, dtype: torch.dtype, tmp_path: Path) -> None:
    found = find_edges(STRUCTURES, 4.0, dtype, tmp_path if kept else None)
    for i, atoms in enumerate(STRUCTURES):
        expected = neighbor_list(atoms, 4.0)
        pairs, vectors = _of(found, i)
        np.testing.assert_array_equal(pairs.numpy(), expected.edge_index.T)
        assert torch.equal(vectors, torch.from_numpy(expected.edge_vectors).to(dtype))


def test_what_is_kept_is_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In any order, with any labels; a geometry that occurs twice is kept once."""
    first = find_edges(STRUCTURES, 4.0, torch.float32, tmp_path)
    assert len(first.pairs) == len(neighbor_list(periodic(), 4.0).edge_vectors) + sum(
        len(neighbor_list(atoms, 4.0).edge_vectors) for atoms in (cluster(), dimer(1.6))
    )
    monkeypatch.setattr(edges, "neighbor_list", None)
    relabelled = [atoms.copy() for atoms in STRUCTURES[::-1]]
    relabelled[0].info["REF_energy"] = 1.0
    again = find_edges(relabelled, 4.0, torch.float32, tmp_path)
    for i in range(len(STRUCTURES)):
        for one, other in zip(_of(again, i), _of(first, len(STRUCTURES) - 1 - i), strict=True):
            assert torch.equal(one, other)


def _moved() -> list[Atoms]:
    structures = [atoms.copy() for atoms in STRUCTURES]
    structures[2].positions[0, 0] += 1e-12
    return structures


@pytest.mark.parametrize(
    ("structures", "cutoff", "dtype"),
    [
        (STRUCTURES, 4.000001, torch.float32),
        (STRUCTURES, 4.0, torch.float64),
        (STRUCTURES[1:3], 4.0, torch.float32),
        (_moved(), 4.0, torch.float32),
    ],
)
def test_other_lists_are_made_anew(
    structures: list[Atoms], cutoff: float, dtype: torch.dtype, tmp_path: Path
) -> None:
    find_edges(STRUCTURES, 4.0, torch.float32, tmp_path)
    find_edges(structures, cutoff, dtype, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("structures", [[], [isolated_atom()]])
def test_nothing_to_map(structures: list[Atoms], tmp_path: Path) -> None:
    found = find_edges(structures, 4.0, torch.float32, tmp_path)
    assert found.counts.tolist() == [0] * len(structures)
    assert found.pairs.shape == (0, 2)
    assert found.vectors.shape == (0, 3)


@pytest.mark.parametrize("name", ["counts.npy", "pairs.bin", "vectors.bin"])
@pytest.mark.parametrize("damage", ["removed", "cut"])
def test_damage_is_told(name: str, damage: str, tmp_path: Path) -> None:
    find_edges(STRUCTURES, 4.0, torch.float32, tmp_path)
    (kept,) = tmp_path.iterdir()
    if damage == "removed":
        (kept / name).unlink()
    else:
        (kept / name).write_bytes((kept / name).read_bytes()[:-8])
    said = f"complete neighbor lists in {kept}.*({name[:3]}|reshape)"  # numpy 1 names no file
    with pytest.raises(DataError, match=said):
        find_edges(STRUCTURES, 4.0, torch.float32, tmp_path)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=f"cannot be kept in {tmp_path / 'file'}"):
        find_edges(STRUCTURES, 4.0, torch.float32, tmp_path / "file")


def test_a_failure_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half-written lists are not taken for whole ones."""
    calls = iter([periodic()])

    def fail(atoms: Atoms, cutoff: float) -> object:
        return neighbor_list(next(calls), cutoff)

    monkeypatch.setattr(edges, "neighbor_list", fail)
    with pytest.raises((StopIteration, RuntimeError)):
        find_edges(STRUCTURES, 4.0, torch.float32, tmp_path)
    assert list(tmp_path.iterdir()) == []


SCRIPT = """
import sys
from pathlib import Path
import torch
from ase.build import bulk
from eippot.data.store import build_graphs

def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])

def rattled(seed):
    atoms = bulk("Si", cubic=True) * 4
    atoms.rattle(0.01, seed=seed)
    return atoms

folder = Path(sys.argv[1]) if sys.argv[1:] else None
build_graphs([rattled(0)], ["Si"], 10.0, torch.float32)
structures, before = [rattled(seed) for seed in range(40)], peak()
graphs = build_graphs(structures, ["Si"], 10.0, torch.float32, neighbor_lists=folder)
graphs.batch([7])
print((peak() - before) / (20 * int(graphs.n_edges.sum())))
"""


def test_what_is_mapped_takes_no_memory(tmp_path: Path) -> None:
    """Lists of 80 MB, made in a process of their own: what it needs more, relative to them."""

    def needed(*arguments: str) -> float:
        command = [sys.executable, "-c", SCRIPT, *arguments]
        return float(subprocess.run(command, check=True, capture_output=True).stdout)

    assert needed() > 0.9
    assert needed(str(tmp_path)) < 0.3
    assert needed(str(tmp_path)) < 0.3, "mapped, not read"
