"""What a user would take instead gets the same labels, and errors measured alike."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.accuracy.peers import MACE, mace
from benchmarks.accuracy.runs import Group
from eippot.graphs.references import sizes_of
from eippot.structures.io import read_structures

#: a MACE that answers 0.1 eV/atom too much, if it was given what it needs.
FAKE = """
import json, os, sys
from ase.io import read
script, training, validation, test, seed, seconds, output = sys.argv[1:]
assert script.endswith("mace_training.py") and os.environ["OMP_NUM_THREADS"] == "1"
assert (len(read(training, ":")), seed, seconds) == (10, "0", "12.5")
predicted = []
for atoms in read(test, ":"):
    energy, forces = atoms.info["REF_energy"] + 0.1 * len(atoms), atoms.arrays["REF_forces"] - 0.2
    predicted.append({"energy": energy, "forces": forces.tolist()})
open(output, "w").write(json.dumps({"epochs": 7, "predicted": predicted}))
"""


def test_mace_is_asked_in_its_environment(
    tiny_group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "peers" / "mace" / "bin" / "python"
    program.parent.mkdir(parents=True)
    (tmp_path / "fake.py").write_text(FAKE)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {tmp_path / "fake.py"} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("EIPPOT_BENCH_PEERS", str(tmp_path / "peers"))
    errors = mace(tiny_group.pipeline(tmp_path), 12.5)
    assert errors["energy_mae"] == pytest.approx(100.0)
    assert errors["forces_mae"] == pytest.approx(200.0)
    assert errors["epochs"] == 7
    sizes = sizes_of(read_structures(tiny_group.division(tmp_path).test))
    assert errors["energy_mae_of_structures"] == pytest.approx(100.0 * sizes.mean())
    assert MACE.exists()


def test_a_missing_environment_is_named(
    tiny_group: Group, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EIPPOT_BENCH_PEERS", str(tmp_path / "none"))
    with pytest.raises(SystemExit, match=r"MACE: not installed \(make bench-peers\)"):
        mace(tiny_group.pipeline(tmp_path), 12.5)
