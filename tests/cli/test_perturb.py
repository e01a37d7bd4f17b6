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


def test_labels_are_taken_from_where_they_are_said_to_be(eippot: Program, tmp_path: Path) -> None:
    source = tmp_path / "a.xyz"
    source.write_text("1\nProperties=species:S:1:pos:R:3 energy=-1 dft_energy=-2\nSi 0 0 0\n")
    refused = eippot("perturb", source, "-o", tmp_path / "b.extxyz")
    assert refused.code == 1
    assert "`--key energy=NAME`" in refused.block
    done = eippot("perturb", source, "-o", tmp_path / "b.extxyz", "--key", "energy=dft_energy")
    assert done.code == 0, done.err
    assert "REF_energy=-2" in (tmp_path / "b.extxyz").read_text()
    form = "Expected --key LABEL=NAME"
    for wrong, message in (
        ("energy", form),
        ("energy=", form),
        ("=dft_energy", form),
        ("power=p", "keys.power"),
    ):
        found = eippot("perturb", source, "-o", tmp_path / "c.extxyz", "--key", wrong)
        assert message in found.block
