"""Programs in exported files: arithmetic is run, everything else is refused before it could be."""

from __future__ import annotations

from pathlib import Path

import pytest

from eippot.deployment.archive import read_archive
from eippot.deployment.files import open_exported
from eippot.deployment.pickled import UnusualError, read_values
from eippot.deployment.program import read_program
from eippot.errors import ModelError
from eippot.testing.architectures import ARCHITECTURES
from tests.fuzzing.doors import packed, record_of, unpacked
from tests.networks import export_potential

ADDED = {
    "aten::save": 'torch.save(species, "stolen")',
    "aten::from_file": 'x = torch.from_file("/etc/passwd", False, 10, dtype=1)',
    "aten::warn": 'torch.warn("hello", 2)',
    "prim::PythonOp": "x = ops.prim.PythonOp(species)",
    "theirs::run": "x = ops.theirs.run(species)",
    "aten::_assert_async": "torch._assert_async(species)",
    "aten::manual_seed": "torch.manual_seed(1)",
    "print": "print(species)",
    "a Name": "x = torch",
    "a Lambda": "x = lambda: 1",
    "an assignment to torch": "torch = species",
    "open": 'x = open("/etc/passwd")',
}


def _with(path: Path, line: str, target: Path) -> Path:
    """The same file with a line more in its program."""
    records = unpacked(path)
    name = record_of(records, "deployment/exported")
    head, mark, rest = records[name].decode().partition("edge_vectors: Tensor) -> Tensor:\n")
    target.write_bytes(packed({**records, name: f"{head}{mark}    {line}\n{rest}".encode()}))
    return target


@pytest.mark.parametrize("architecture", ["soapnet", "equivariant", "gemnet"])
def test_what_eippot_exports_is_arithmetic(architecture: str, tmp_path: Path) -> None:
    config = ARCHITECTURES[architecture]
    archive = read_archive(export_potential(tmp_path / "model.pt", "float32", config=config))
    assert archive.program.foreign == ()
    assert any(name.endswith("ExportedModel.forward") for name in archive.program.functions)
    assert {"aten::add", "aten::mul"} <= set(archive.program.operators)


@pytest.mark.parametrize("what", ADDED)
def test_a_program_that_does_more_is_not_run(what: str, exported: Path, tmp_path: Path) -> None:
    path = _with(exported, ADDED[what], tmp_path / "model.pt")
    assert what in read_archive(path).program.foreign
    with pytest.raises(ModelError, match=f"has .*{what}"):
        open_exported(path)


def test_an_operator_as_a_method(exported: Path, tmp_path: Path) -> None:
    path = _with(exported, '(species).save("stolen")', tmp_path / "model.pt")
    with pytest.raises(ModelError, match="aten::save"):
        open_exported(path)


def test_harmless_changes_are_run(exported: Path, tmp_path: Path) -> None:
    open_exported(_with(exported, "x = torch.add(species, species)", tmp_path / "model.pt"))


@pytest.mark.parametrize(
    "text",
    [
        "# torch.save\n",
        "x = 1 \\\n + 2\n",
        "x = " + "-" * 5000 + "1",
        "x = a" + ".b" * 5000,
        "x = 'é'",
        "x = \x0b1",
        "def f(:",
    ],
)
def test_what_torch_does_not_write(text: str) -> None:
    with pytest.raises(ValueError, match="the program m"):
        read_program({"m": text})


def test_methods_that_torch_calls_by_itself() -> None:
    text = "class A(Module):\n  def __setstate__(self: __torch__.A, x: int) -> int:\n    return x\n"
    assert read_program({"m": text}).foreign == ("m.A.__setstate__",)


def _storage(numbers: int, record: bytes = b"0") -> bytes:
    return (
        b"(X\x07\0\0\0storagectorch\nFloatStorage\nX"
        + len(record).to_bytes(4, "little")
        + record
        + b"X\x03\0\0\0cpuJ"
        + numbers.to_bytes(4, "little", signed=True)
        + b"tQ"
    )


@pytest.mark.parametrize(
    ("pickled", "what"),
    [
        (_storage(3), "12 bytes of a record of 8"),
        (_storage(-3), "a storage of -3 numbers"),
        (_storage(2, b"7"), "'7'"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n(" + _storage(2) + b"K\1(K\2t(K\1ttR", "shape"),
        (b"cos\nsystem\n(X\x02\0\0\0lstR", "a call of os system"),
        (b"cos\nsystem\n)\x81", "an object of os system"),
        (b"]q\0h\0a", "APPEND"),
        (b"]q\0(h\0e", "in themselves"),
        (b"](" * 200 + b"e" * 200, "nested too deeply"),
        (b"]r\xff\xff\xff\x7f", "place 2147483647"),
        (b"\x8c\x01a", "SHORT_BINUNICODE"),
        (b"t", "damaged values"),
    ],
)
def test_values_that_torch_does_not_write(pickled: bytes, what: str) -> None:
    with pytest.raises(UnusualError, match=what):
        read_values(b"\x80\x02" + pickled + b".", {"0": 8})


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    import zipfile

    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/data.pkl", bytes(2**27))
    with pytest.raises(ModelError, match="far more than its size"):
        open_exported(path)
