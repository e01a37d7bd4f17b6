from __future__ import annotations

from pathlib import Path

import pytest
from ase.build import bulk
from ase.calculators.kim import KIM

from tests.cli.conftest import Program
from tests.kim_collection import own_collection


def test_install(
    eippot: Program, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # for kim.log
    with own_collection(tmp_path):
        found = eippot("kim", "install", exported)
        assert found.code == 0, found.err
        assert "schnet for C, Si" in found.out
        assert "pair_style kim eippot_model\n" in found.out
        atoms = bulk("Si")
        atoms.calc = KIM("eippot_model")
        before = atoms.get_potential_energy()

        again = eippot("kim", "install", exported)
        assert again.code == 1
        assert "has a model `eippot_model` already" in again.block
        assert eippot("kim", "install", exported, "--force").code == 0
        atoms.calc = KIM("eippot_model")
        assert atoms.get_potential_energy() == before
