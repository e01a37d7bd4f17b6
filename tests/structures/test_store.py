"""Stores: what is written is read, wherever it is asked for, and damage is told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.constraints import FixAtoms

from eippot.errors import ConfigError, DataError
from eippot.structures import choosing
from eippot.structures.arrow_store import open_store
from eippot.structures.io import (
    check_paths,
    has_reference_energy,
    iterate_structures,
    open_structures,
    read_structures,
    write_structures,
)
from eippot.structures.stored import StoredStructures
from tests.synthetic import labelled_structures


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eippot.structures.arrow_store.MOST_STRUCTURES", 7)


@pytest.fixture(scope="module")
def structures() -> list[Atoms]:
    return labelled_structures(16, 10)


@pytest.fixture
def store(tmp_path: Path, structures: list[Atoms]) -> Path:
    write_structures(tmp_path / "set.arrow", structures)
    return tmp_path / "set.arrow"


def _expect_equal(found: Atoms, expected: Atoms) -> None:
    assert found == expected  # geometry alone
    assert found.info.keys() == expected.info.keys()
    assert found.arrays.keys() == expected.arrays.keys()
    for ours, theirs in ((found.info, expected.info), (found.arrays, expected.arrays)):
        for key, value in theirs.items():
            assert np.array_equal(ours[key], value), key
            assert getattr(ours[key], "dtype", None) == getattr(value, "dtype", None) or (
                not isinstance(value, np.ndarray)
            )


def test_all_labels_come_back_in_order_and_at_random(store: Path, structures: list[Atoms]) -> None:
    assert len(list(store.glob("*.arrow"))) == 4
    found = open_structures(store)
    assert len(found) == len(structures)
    for one, other in zip(found, structures, strict=True):
        _expect_equal(one, other)
    for index in np.random.default_rng(0).permutation(len(found)).tolist():
        _expect_equal(found[index], structures[index])
    assert [a.info["n"] for a in found[5:16:4]] == [5, 9, 13]
    with pytest.raises(IndexError):
        found[len(found)]


def test_a_structure_shares_nothing_with_the_store(store: Path, structures: list[Atoms]) -> None:
    found = open_structures(store)
    found[0].positions += 1.0
    found[0].arrays["REF_forces"][:] = 0.0
    _expect_equal(found[0], structures[0])


def test_everything_that_structures_carry_is_kept(tmp_path: Path) -> None:
    plain = Atoms("H2O", positions=np.eye(3))
    odd = Atoms("H2O", positions=np.eye(3) / 3, cell=np.eye(3) * 4, pbc=[True, False, True])
    odd.set_constraint(FixAtoms([1]))
    odd.arrays["tags"] = np.array([1, 0, 2])
    odd.arrays["seen"] = np.array([True, False, True])
    odd.arrays["site"] = np.array(["a", "bc", "a"], dtype=object)
    odd.info = {"x": 1.5, "n": 3, "ok": True, "word": "Si C", "virial": np.eye(3), "of": [1, "a"]}
    mixed = Atoms("H", info={"x": 2, "n": "three", "nothing": None, "large": 2**70})
    empty = Atoms("H", info={"values": np.zeros(0), "nan": float("nan")})
    write_structures(tmp_path / "a.arrow", [plain, odd, mixed, empty])
    found = read_structures(tmp_path / "a.arrow")
    for one, other in zip(found[:3], (plain, odd, mixed), strict=True):
        _expect_equal(one, other)
    assert found[1].constraints[0].index.tolist() == [1]
    assert found[3].info["values"].shape == (0,)
    assert np.isnan(found[3].info["nan"])


def test_what_is_no_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="got function in `info.x`"):
        write_structures(tmp_path / "a.arrow", [Atoms("H", info={"x": _expect_equal})])
    assert list(tmp_path.iterdir()) == []


def test_a_writer_that_fails_leaves_what_was_there(store: Path, structures: list[Atoms]) -> None:
    def failing() -> Iterator[Atoms]:
        yield from structures[:20]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_structures(store, failing())
    assert list(store.parent.iterdir()) == [store]
    assert len(read_structures(store)) == len(structures)
    write_structures(store, structures[:3])
    assert list(store.parent.iterdir()) == [store]
    assert len(read_structures(store)) == 3


def test_a_store_that_is_replaced_is_there_whenever_its_writer_is_killed(tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "tests.replaced"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    assert int(found.stdout.split()[0]) > 10


@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_a_damaged_shard_is_told(store: Path, damage: str) -> None:
    shard = store / "00002.arrow"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "gone":
        shard.unlink()
    else:
        shard.write_bytes(content if damage == "changed" else content[:-100])
    found = open_structures(store)
    assert len(found[3]) > 0
    with pytest.raises(DataError, match="Expected a shard of the store .*in 00002.arrow, got"):
        found[15]


@pytest.mark.parametrize("index", [None, "{}", "{", '{"format": "eippot structures 9"}'])
def test_what_is_no_store_is_told(store: Path, index: str | None) -> None:
    (store / "_store.json").unlink()
    if index is not None:
        (store / "_store.json").write_text(index)
    with pytest.raises(DataError, match="Expected a store of structures in .*set.arrow, got"):
        open_structures(store)


def test_only_a_store_is_replaced(tmp_path: Path, structures: list[Atoms]) -> None:
    (tmp_path / "mine.arrow").mkdir()
    (tmp_path / "mine.arrow" / "thesis.tex").write_text("x")
    with pytest.raises(DataError, match="not replaced"):
        write_structures(tmp_path / "mine.arrow", structures)
    with pytest.raises(DataError, match="not replaced"):
        check_paths(tmp_path / "in.extxyz", tmp_path / "mine.arrow")
    with pytest.raises(ConfigError, match="The output is the input"):
        check_paths(tmp_path / "a.arrow", tmp_path / "a.arrow")


def test_a_store_beyond_memory_is_not_read_at_once(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eippot.structures.io.MOST_IN_MEMORY", 10)
    assert len(open_structures(store)) == 28
    with pytest.raises(DataError, match="Expected at most 10 structures .*got 28"):
        read_structures(store)


def test_what_all_say_under_one_key(store: Path, structures: list[Atoms]) -> None:
    stored = choosing.joined(open_structures(store), structures[:5])
    plain = choosing.joined(structures, structures[:5])
    assert isinstance(stored, StoredStructures)
    order = np.random.default_rng(1).permutation(len(plain))[:20]
    for some, same in (
        (stored, plain),
        (choosing.chosen(stored, order), [plain[i] for i in order]),
    ):
        assert len(some) == len(same)
        for key in ("REF_energy", "n", "eip_far_energy", "absent"):
            assert np.array_equal(
                choosing.energies_under(some, key), choosing.energies_under(same, key), True
            )
        for key in ("REF_stress", "REF_forces", "config_type", "absent"):
            assert np.array_equal(choosing.have(some, key), choosing.have(same, key))
        assert choosing.keys_of(some) == choosing.keys_of(same)
        assert choosing.elements_of(some) == choosing.elements_of(same)
    with pytest.raises(DataError, match="`config_type` should be a number"):
        choosing.energies_under(stored, "config_type")
    labelled = choosing.where(stored, np.isfinite(choosing.energies_under(stored, "REF_energy")))
    assert all(map(has_reference_energy, labelled))


@pytest.mark.parametrize("suffix", [".extxyz", ".extxyz.gz"])
def test_extended_xyz_is_read_piece_by_piece(
    tmp_path: Path, structures: list[Atoms], suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eippot.structures.files._PIECE", 3000)
    path = tmp_path / f"set{suffix}"
    write_structures(path, structures)
    for one, other in zip(iterate_structures(path), read_structures(path), strict=True):
        _expect_equal(one, other)


def test_the_number_of_a_bad_structure_is_that_in_the_file(
    tmp_path: Path, structures: list[Atoms], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eippot.structures.files._PIECE", 100)
    bad = Atoms("H", positions=[[np.nan, 0, 0]])
    write_structures(tmp_path / "bad.extxyz", [*structures[:9], bad])
    with pytest.raises(DataError, match="structure 9 of"):
        list(iterate_structures(tmp_path / "bad.extxyz"))
    with (tmp_path / "bad.extxyz").open("a") as file:
        file.write("many\natoms\n")
    with pytest.raises(DataError, match="cannot be read"):
        list(iterate_structures(tmp_path / "bad.extxyz"))


def test_other_programs_read_it(store: Path, structures: list[Atoms]) -> None:
    from pyarrow import dataset

    table = dataset.dataset(store, format="ipc").to_table(columns=["info.n", "info.config_type"])
    assert table["info.n"].to_pylist()[:26] == list(range(26))
    index = json.loads((store / "_store.json").read_text())
    assert sum(shard["structures"] for shard in index["shards"]) == len(structures)
    assert len(open_store(store)) == len(structures)
