"""Structures of a store as tensors in files: the same batches, in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest
import torch
from torch import Tensor

from eippot.data.scratch import Scratch
from eippot.data.store import GraphStore, build_graphs
from eippot.errors import DataError
from eippot.structures.io import open_structures, read_structures, write_structures
from tests.data.test_store import _label
from tests.synthetic import labelled_structures

SPECIES: Final = ["C", "Si"]

#: prints by how much [MB] the largest resident set grows from few structures to four times as many.
MEASURE: Final = """
import resource, sys
from pathlib import Path
import numpy as np, torch
from ase import Atoms
from eippot.data import scratch, store
from eippot.data.store import build_graphs
from eippot.structures import arrow_store, files, stored
from eippot.structures.io import iterate_structures, open_structures, write_structures

arrow_store.MOST_STRUCTURES, files._PIECE = 500, 2**20
stored._STRUCTURES_MAPPED = scratch._STRUCTURES_MAPPED = 32
store._AT_ONCE = 128
folder, label = Path(sys.argv[1]), torch.zeros(1, 2000)
random = np.random.default_rng(0)

def structures(count):
    for _ in range(count):
        atoms = Atoms("Si4", positions=random.uniform(0, 4, (4, 3)))
        atoms.info["descriptor"] = np.zeros(1000)
        yield atoms

def peak(count):
    write_structures(folder / "a.extxyz", structures(count))
    write_structures(folder / "a.arrow", iterate_structures(folder / "a.extxyz"))
    graphs = build_graphs(open_structures(folder / "a.arrow"), ["Si"], 5.0, torch.float32,
                          lambda atoms: {"label": label}, scratch=folder)
    for _ in range(count // 50):
        graphs.batch(random.integers(count, size=50).tolist())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

print(-peak(int(sys.argv[2])) + peak(4 * int(sys.argv[2])))
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("eippot.structures.arrow_store.MOST_STRUCTURES", 5)
    monkeypatch.setattr("eippot.data.store._AT_ONCE", 4)
    monkeypatch.setattr("eippot.data.scratch._STRUCTURES_MAPPED", 3)
    write_structures(tmp_path / "set.arrow", labelled_structures(6, 8))
    return tmp_path / "set.arrow"


def _graphs(store: Path, streamed: bool, **folders: Path) -> GraphStore:
    structures = (open_structures if streamed else read_structures)(store)
    return build_graphs(structures, SPECIES, 4.0, torch.float32, _label, **folders)


def _expect_equal(one: GraphStore, other: GraphStore, chosen: list[int]) -> None:
    found, expected = one.batch(chosen).to_dict(), other.batch(chosen).to_dict()
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, Tensor):
            torch.testing.assert_close(found[name], value, rtol=0, atol=0, equal_nan=True)


def test_batches_are_those_of_structures_in_memory(store: Path, tmp_path: Path) -> None:
    expected = _graphs(store, streamed=False)
    kept = {"neighbor_lists": tmp_path / "lists"}
    for graphs in (_graphs(store, True), _graphs(store, True, **kept)):
        assert graphs.digest() == expected.digest()
        assert graphs.n_edges.tolist() == expected.n_edges.tolist()
        order = np.random.default_rng(0).permutation(len(expected)).tolist()
        for chosen in (order, order[:3], [2, 2], list(range(len(expected)))):
            _expect_equal(graphs, expected, chosen)
        _expect_equal(graphs.subset(order[:7]), expected.subset(order[:7]), [6, 0, 3])
        assert torch.equal(graphs.column("stress"), expected.column("stress"))


def test_nothing_is_left_in_the_folder(store: Path, tmp_path: Path) -> None:
    graphs = _graphs(store, True, scratch=tmp_path / "run")
    assert list((tmp_path / "run").iterdir()) == []
    assert len(graphs.batch().species) == int(graphs.n_atoms.sum())


def test_no_room_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(DataError, match="Cannot write into"):
        Scratch(tmp_path / "run").tensor()


def test_memory_does_not_grow_with_the_number_of_structures(tmp_path: Path) -> None:
    """In memory, each would take 16 kB at least, as structure and as tensors: 72 MB more."""
    found = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path), "1500"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(found.stdout) < 30.0
