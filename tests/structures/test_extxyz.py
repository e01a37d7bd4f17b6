"""Extended XYZ, read and written as ASE reads and writes it, whatever is in it."""

from __future__ import annotations

import math
from io import StringIO
from typing import Any

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from hypothesis import given, settings
from hypothesis import strategies as st

from eippot.structures.extxyz_reader import read_extxyz
from eippot.structures.extxyz_writer import format_extxyz

#: the same examples each time, on machines of any speed.
SETTINGS = settings(deadline=None, derandomize=True, database=None)

NUMBERS = st.floats(-1e5, 1e5) | st.floats() | st.integers(-(2**70), 2**70)
WORDS = st.text("aZ_19 =\"'{}[]\\,:.éT", max_size=8) | st.sampled_from(
    ["T", "F F T", "true", "nan", "-inf", "1_0", "_JSON [1]", "1e5", "7,8", "kim:SW_005", "ok", " "]
)
INFO = st.dictionaries(
    st.sampled_from(
        ["eip_sw_energy", "REF_energy", "energy", "note", "uid", "dipole", "3d", "a b"]
    ),
    NUMBERS
    | WORDS
    | st.booleans()
    | st.none()
    | st.lists(st.floats(-10, 10), max_size=9).map(np.array)
    | st.lists(st.booleans(), max_size=3).map(np.array)
    | st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=9).map(np.array)
    | st.just(np.eye(2))
    | st.just({"a": [1, 2]}),
    max_size=4,
)
ARRAYS: dict[str, Any] = {
    "forces": st.floats(-1e3, 1e3),
    "eip_sw_forces": st.floats(-1e4, 1e4),
    "velocities": st.floats(allow_nan=False, width=32).map(np.float32),
    "tags": st.integers(-(10**9), 10**9),
    "chosen": st.booleans(),
    "note": st.sampled_from(["a", "bc", "d_e"]),
    "magmoms": st.floats(-2, 2),
}
MISHAPS = st.lists(
    st.tuples(
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 3),
        st.text("\n\r\t \"'{}[]\\=,:_-+.0123456789eETFSiCRLnaf", max_size=3),
    ),
    max_size=3,
)


@st.composite
def structures(draw: st.DrawFn) -> Atoms:
    """Structures with any of the labels and notes that a file can hold."""
    count = draw(st.integers(1, 4))

    def column(values: Any, width: int = 1) -> np.ndarray:
        array = np.array(draw(st.lists(values, min_size=count * width, max_size=count * width)))
        return array.reshape(count, width) if width > 1 else array

    atoms = Atoms(
        numbers=column(st.sampled_from([1, 6, 14, 0])),
        positions=column(st.floats(-2e4, 2e4) | st.floats(-10, 10), 3),
        cell=draw(st.just(None) | st.floats(1, 20).map(lambda a: a * np.eye(3))),
        pbc=draw(st.tuples(*3 * [st.booleans()])),
        info=draw(INFO),
    )
    for name in draw(st.lists(st.sampled_from(sorted(ARRAYS)), unique=True, max_size=2)):
        width = 3 if name.endswith("forces") else draw(st.sampled_from([1, 2, 3]))
        atoms.new_array(name, column(ARRAYS[name], width))
    return atoms


def _by_ase(images: list[Atoms]) -> str:
    text = StringIO()
    ase.io.write(text, images, format="extxyz", write_results=False)
    return text.getvalue()


def _assert_same(one: Any, other: Any) -> None:
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            _assert_same(one[key], other[key])
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    elif isinstance(one, float) and math.isnan(one):
        assert math.isnan(other)
    else:
        assert one == other


def _assert_read_as_ase_does(text: str) -> bool:
    """Whether the file was understood."""
    found = read_extxyz(text.encode())
    if found is None:
        return False
    expected = ase.io.read(StringIO(text, newline=None), ":", format="extxyz")
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        _assert_same(one.info, other.info)
        _assert_same(one.arrays, other.arrays)
        _assert_same(one.cell.array, other.cell.array)
        _assert_same(one.pbc, other.pbc)
        assert one.constraints == other.constraints
        _assert_same(*(getattr(atoms.calc, "results", None) for atoms in (one, other)))
    return True


@pytest.mark.filterwarnings("ignore:Skipping unhashable information")
@given(st.lists(structures(), min_size=1, max_size=3))
@SETTINGS
def test_writes_what_ase_writes(images: list[Atoms]) -> None:
    assert b"".join(format_extxyz(images)).decode() == _by_ase(images)


@given(st.lists(structures(), min_size=1, max_size=3), MISHAPS)
@settings(SETTINGS, max_examples=300)
def test_reads_what_ase_reads_of_files_good_and_bad(
    images: list[Atoms], mishaps: list[tuple[float, int, str]]
) -> None:
    try:
        text = _by_ase(images)
    except (ValueError, TypeError):
        return
    for where, lost, new in mishaps:
        place = int(where * len(text))
        text = text[:place] + new + text[place + lost :]
    _assert_read_as_ase_does(text)


HEADS = {
    "plain": "",
    "lattice": 'Lattice="4 0 0 0 5 0 0.5 0 6" Properties=species:S:1:pos:R:3',
    "labels": 'energy=-3.5 forces_are=none config="a b" n=7 stress="1 2 3 2 4 5 3 5 6" ok=T',
    "columns": "Properties=species:S:1:pos:R:3:forces:R:3:tags:I:1:on:L:1:name:S:1 pbc='T F F'",
}
ROWS = {
    "ase": "{s:<2} {x:16.8f} {x:16.8f} {x:16.8f}",
    "free": "  {s} {x!r}   {x:e} {x:.3f}",
    "forces": "{s} {x} 1 -2 0.1 0.2 {x} 3 T a",
}


@pytest.mark.parametrize(
    ("head", "row", "is_understood"),
    [
        ("plain", "ase", True),
        ("plain", "free", True),
        ("lattice", "ase", True),
        ("labels", "free", True),
        ("columns", "forces", True),
        ("columns", "free", False),
        ("lattice", "forces", False),
    ],
)
def test_forms_of_files(head: str, row: str, is_understood: bool) -> None:
    lines = [ROWS[row].format(s=symbol, x=x) for symbol, x in (("Si", 1 / 3), ("C", -12.5))]
    frame = "\n".join(["2", HEADS[head], *lines])
    assert _assert_read_as_ase_does(f"{frame}\n{frame}") is is_understood


@pytest.mark.parametrize(
    "text",
    [
        "1\n\nSi 0 0 0\n\n1\n\nSi 1 1 1\n",
        " 1 \n\nsi 0 0 0\n1\n\nSI 1 1 1",
        "1\nProperties=species:S:1:pos:R:3\nSi 0 0 1_0\n",
    ],
)
def test_oddities_that_are_understood(text: str) -> None:
    assert _assert_read_as_ase_does(text)


@pytest.mark.parametrize(
    "text",
    [
        "1\n\nSi\t0 0 0\n",
        "1\r\n\r\nSi 0 0 0\r\n",
        "1\n\nSi 0 0 0\nVEC1 1 0 0\n",
        "2\n\nSi 0 0 0\n",
        "1\n\nSi 0 0\n",
        "1\n\nSi 0 0 0 0\n",
        "1\n\nQq 0 0 0\n",
        "1\nProperties=species:S:1:pos:R:3:move_mask:L:1\nSi 0 0 0 T\n",
        "1\nProperties=species:S:1:pos:R:3:Z:I:1\nSi 0 0 0 14\n",
        "1\nfree_energy=1\nSi 0 0 0\n",
        "1\nLattice=5\nSi 0 0 0\n",
        "1\nnote=é\nSi 0 0 0\n",
        "0\n\n",
        "text\n",
    ],
)
def test_what_is_left_to_ase(text: str) -> None:
    assert read_extxyz(text.encode()) is None


def test_labels_of_calculators_and_constraints_are_left_out_or_to_ase() -> None:
    atoms = Atoms("Si2", positions=[[0, 0, 0], [0, 0, 2]])
    atoms.calc = SinglePointCalculator(atoms, energy=1.0)
    fixed = atoms.copy()
    fixed.set_constraint(FixAtoms([0]))
    assert b"".join(format_extxyz([atoms, fixed])).decode() == _by_ase([atoms, fixed])


def test_many_structures_at_once() -> None:
    """More than are formatted or parsed in one go, of different sizes and columns."""
    rng = np.random.default_rng(0)
    images = []
    for index in range(300):
        atoms = Atoms(numbers=np.full(1 + index % 40, 14), pbc=True, cell=rng.normal(size=(3, 3)))
        atoms.positions[:] = rng.normal(scale=20, size=(len(atoms), 3))
        if index % 100 > 50:
            atoms.arrays["eip_sw_forces"] = rng.normal(size=(len(atoms), 3))
        images.append(atoms)
    text = _by_ase(images)
    assert b"".join(format_extxyz(images)).decode() == text
    assert _assert_read_as_ase_does(text)


def test_files_longer_than_what_is_searched_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eippot.structures.extxyz_reader._CHARACTERS_AT_ONCE", 10)
    images = [Atoms("Si2", positions=np.full((2, 3), i), info={"index": i}) for i in range(5)]
    read = read_extxyz(b"".join(format_extxyz(images)))
    assert read == images
    assert read_extxyz(b"1\n\nSi 0 0 0\n1\n\nSi 0\x0b 0 0\n") is None
