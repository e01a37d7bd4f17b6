from __future__ import annotations

from pathlib import Path

from eippot.structures.io import read_structures, write_structures
from tests.cli.conftest import Program
from tests.synthetic import labelled_structures


def test_perturb(eippot: Program, tmp_path: Path) -> None:
    write_structures(tmp_path / "in.extxyz", labelled_structures(n_labelled=3, n_unlabelled=0))
    output = tmp_path / "pool.extxyz"
    found = eippot("perturb", tmp_path / "in.extxyz", "-o", output, "--copies", "2")
    assert found.code == 0
    assert "5 structures and 6 copies of them, in which no atoms are closer than" in found.out
    assert f"Wrote {output}" in found.out
    assert len(read_structures(output)) == 11


def test_a_wrong_option(eippot: Program, tmp_path: Path) -> None:
    write_structures(tmp_path / "in.extxyz", labelled_structures(n_labelled=3, n_unlabelled=0))
    found = eippot("perturb", tmp_path / "in.extxyz", "-o", tmp_path / "x.xyz", "--copies", "0")
    assert found.code == 1
    assert "copies: " in found.block
