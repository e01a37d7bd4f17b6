from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Program
from tests.pipeline import Pipeline


def test_verify(eippot: Program, pipeline: Pipeline) -> None:
    found = eippot("verify", pipeline.export.path)
    assert found.code == 0
    assert "schnet for C, Si" in found.out
    assert "Self-test passed" in found.out


def test_a_damaged_file(eippot: Program, pipeline: Pipeline, tmp_path: Path) -> None:
    content = bytearray(pipeline.export.path.read_bytes())
    (tmp_path / "cut.pt").write_bytes(content[: len(content) // 2])
    found = eippot("verify", tmp_path / "cut.pt")
    assert found.code == 1
    assert "is not an exported model, or is damaged" in found.block
