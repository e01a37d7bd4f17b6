"""``eippot label --suggest``: what it prints, the card it writes, and what it refuses."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from ase import Atoms
from ase.build import bulk

from eippot.eips.cards import read_card
from eippot.structures.io import read_structures, write_structures
from tests.cli.conftest import Program

T3 = "kim:Tersoff_LAMMPS_Tersoff_1988T3_Si__MO_186459956893_003"


def _structures(folder: Path, labels: int = 0, count: int = 14) -> Path:
    """Crystals of silicon, whose "DFT" grows with the distance from 5.4 Å per cell."""
    structures = []
    for index in range(count):
        length = 5.2 + 0.4 * index / count
        atoms = bulk("Si", a=length, cubic=True)
        atoms.rattle(0.05, rng=np.random.default_rng(index))
        if index < labels:
            atoms.info["REF_energy"] = 20.0 * (length - 5.4) ** 2 - 800.0
        structures.append(atoms)
    write_structures(folder / "in.extxyz", structures)
    return folder / "in.extxyz"


def test_with_dft_labels(eippot: Program, tmp_path: Path) -> None:
    pytest.importorskip("kimpy")
    found = eippot("label", _structures(tmp_path, labels=14), "--suggest")
    assert found.code == 0, found.err
    assert "30 models of OpenKIM for Si, on 14 structures" in found.out
    assert re.search(
        r"│ tersoff_1988t3 +│ 1988 │ 100% │ +[\d.]+ │ +\d+ │ +-?[\d.]+ │ +· │", found.out
    )
    assert re.search(r"│ +same as tersoff_1989 +│", found.out)
    assert re.search(r"which alone leaves \d+ meV/atom", found.out)
    assert "Left out: 2 of a machine-learned form" in found.out
    line = "tersoff_1988t3: J. Tersoff, Physical Review B 38, 9902-9905 (1988), doi:10.1103/Phys"
    assert line in found.out
    assert f"; {T3}\n" in found.out
    assert "-o my-set.yaml writes them as a set" in found.out
    assert "tersoff_1989_sige: " not in found.out  # in no list of what to cite
    assert [path.name for path in tmp_path.iterdir()] == ["in.extxyz"]


def test_without_dft_labels(eippot: Program, tmp_path: Path) -> None:
    pytest.importorskip("kimpy")
    found = eippot("label", _structures(tmp_path, labels=3), "--suggest")
    assert found.code == 0, found.err
    assert "there are 3, and 10 (REF_energy) would rank" in found.out
    assert "Tersoff T3 potential for silicon developed by Tersoff (1988)" in found.out
    assert "meV/atom" not in found.out


def test_the_next_command_is_the_one_that_is_shown(
    eippot: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("kimpy")
    monkeypatch.chdir(tmp_path)
    _structures(tmp_path, count=3).rename("my data.extxyz")
    first = eippot("label", "my data.extxyz", "--suggest", "-o", "my-set.yaml")
    assert first.code == 0, first.err
    count = len(read_card("my-set.yaml").eips)
    assert f"Wrote my-set.yaml: {count} EIPs; delete those that you do not want" in first.out
    [command] = re.findall(r"^Next: eippot (.*)$", first.out, flags=re.MULTILINE)
    second = eippot(*shlex.split(command), "--workers", "1")
    assert second.code == 0, second.err
    info = read_structures(Path("labelled.extxyz"))[0].info
    assert sum(key.endswith("_energy") for key in info) == count
    again = eippot("label", "my data.extxyz", "--suggest", "-o", "my-set.yaml")
    assert again.code == 1
    assert "Expected a new file for the card, got my-set.yaml" in again.block


def test_one_model_and_one_structure_are_told_in_the_singular(
    eippot: Program, tmp_path: Path
) -> None:
    pytest.importorskip("kimpy")
    write_structures(tmp_path / "in.extxyz", [Atoms("XeKr", positions=[[0, 0, 0], [4, 0, 0]])])
    found = eippot("label", tmp_path / "in.extxyz", "--suggest")
    assert "1 model of OpenKIM for Kr, Xe, on 1 structure " in found.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["in.extxyz", "--eips", "silicon", "--no-forces"], "without --eips, --no-forces"),
        (["in.extxyz", "-o", "out.extxyz"], "ends in .yaml, got out.extxyz"),
        (["nowhere.extxyz"], "No structure file at nowhere.extxyz"),
        ([], "input: is required"),
        (["in.extxyz", "--workers", "0"], "workers"),
    ],
)
def test_what_it_refuses(
    eippot: Program,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    _structures(tmp_path)
    found = eippot("label", "--suggest", *arguments)
    assert found.code == 1
    assert message in found.block
    assert [path.name for path in tmp_path.iterdir()] == ["in.extxyz"]


def test_without_kimpy_it_says_what_to_install(
    eippot: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kimpy", None)
    found = eippot("label", _structures(tmp_path), "--suggest")
    assert found.code == 1
    assert "eippot[kim]" in found.block


def test_interrupted_it_writes_nothing(tmp_path: Path) -> None:
    pytest.importorskip("kimpy")
    atoms = bulk("Si", cubic=True) * 4
    structures = []
    for seed in range(100):
        atoms.rattle(0.05, rng=np.random.default_rng(seed))
        structures.append(atoms.copy())
    write_structures(tmp_path / "in.extxyz", structures)
    code = "from eippot_cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, "label", "in.extxyz", "--suggest", "-o", "card.yaml"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not psutil.Process(process.pid).children():  # workers; they will take many seconds
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert "Interrupted; nothing was written." in errors
    assert "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == ["in.extxyz"]
