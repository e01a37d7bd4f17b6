from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Program
from tests.fuzzing.doors import packed, unpacked


def test_inspect(eippot: Program, exported: Path) -> None:
    found = eippot("inspect", exported)
    assert found.code == 0
    assert "species       C, Si" in found.out


def test_a_file_that_would_write_files(eippot: Program, exported: Path, tmp_path: Path) -> None:
    records = {
        name: content.replace(
            b"    potential = self", b"    torch.save(1, 'x')\n    potential = self"
        )
        for name, content in unpacked(exported).items()
    }
    (tmp_path / "theirs.pt").write_bytes(packed(records))
    found = eippot("inspect", tmp_path / "theirs.pt")
    assert found.code == 1
    assert "aten::save" in found.err
    refused = eippot("verify", tmp_path / "theirs.pt")
    assert refused.code == 1
    assert "is not run: beside arithmetic with tensors, its program has aten::save" in refused.block
