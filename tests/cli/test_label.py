"""``eippot label`` as a process: what it prints, how it ends, and what a kill leaves of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from ase import Atoms
from ase.build import bulk

from eippot.structures.io import read_structures, write_structures

CALCULATORS = Path(__file__).parents[1] / "eips"
COMMAND = [sys.executable, "-c", "from eippot_cli.main import main; main()", "label"]


def _environment() -> dict[str, str]:
    search = [str(CALCULATORS), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(search), "COLUMNS": "120"}


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _pairs(count: int) -> list[Atoms]:
    return [Atoms("Si2", positions=[[i, 0, 0], [i, 2, 0]], info={"n": i}) for i in range(count)]


def _wait_for(log: Path, lines: int) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if log.exists() and len(log.read_text().splitlines()) >= lines:
            return
        time.sleep(0.02)
    raise AssertionError("the run did not get that far")


def _assert_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=5)
    assert alive == []


def test_labels_with_the_silicon_set(tmp_path: Path) -> None:
    pytest.importorskip("kimpy")
    structures = [bulk("Si"), bulk("Si", cubic=True), bulk("Si", "fcc", a=3.9)]
    write_structures(tmp_path / "in.extxyz", structures)
    done = _run(
        tmp_path,
        *("in.extxyz", "-o", "out.extxyz", "--eips", "silicon", "--workers", "1"),
        *("--eip", "lj=ase:ase.calculators.lj.LennardJones?sigma=2.1"),
    )
    assert done.returncode == 0, done.stderr
    assert "erhart_albe" in done.stdout
    assert "out.extxyz" in done.stdout
    assert "27 of 27" in done.stderr
    found = read_structures(tmp_path / "out.extxyz")
    assert found[1].info["eip_sw_energy"] == pytest.approx(-8 * 4.3364, abs=1e-2)
    assert "eip_lj_energy" in found[2].info
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "failures.csv",
        "in.extxyz",
        "out.extxyz",
    ]


def test_survives_faults_and_kill_9_and_resumes_without_computing_anew(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write_structures(tmp_path / "in.extxyz", _pairs(80))
    calculator = f"ase:faulty_calculators.Faulty?log={log}&seconds=0.03"
    arguments = [
        *("in.extxyz", "-o", "out.extxyz", "--workers", "2", "--time-limit", "0.8"),
        *("--eip", f"good={calculator}"),
        *("--eip", f"aborts={calculator}&fault=abort&at=[5]"),
        *("--eip", f"hangs={calculator}&fault=sleep&at=[6]"),
    ]
    first = _start(tmp_path, *arguments)
    _wait_for(log, 120)
    workers = psutil.Process(first.pid).children(recursive=True)
    assert len(workers) == 2
    first.send_signal(signal.SIGKILL)
    first.communicate()
    _assert_gone(workers)
    assert not (tmp_path / "out.extxyz").exists()
    before = len(log.read_text().splitlines())

    again = _run(tmp_path, *arguments)
    assert again.returncode == 0, again.stderr
    already_done = int(again.stderr.split(" of 240 labels are already done")[0].split()[-1])
    assert already_done >= before - 3 - 2 * 4 - 4  # isolated atoms; unsent; tried twice
    # a crash is tried twice, and what the killed workers had not sent is lost
    assert len(log.read_text().splitlines()) <= 240 + 3 + 4 + 2 * 4
    found = read_structures(tmp_path / "out.extxyz")
    assert [atoms.info["n"] for atoms in found] == list(range(80))
    bad = {
        (atoms.info["n"], eip): atoms.info[f"eip_{eip}_status"]
        for atoms in found
        for eip in ("good", "aborts", "hangs")
        if atoms.info[f"eip_{eip}_status"] != "ok"
    }
    assert bad == {(5, "aborts"): "failed", (6, "hangs"): "timeout"}
    assert len((tmp_path / "failures.csv").read_text().splitlines()) == 1 + 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_leave_no_worker_and_keep_what_is_done(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    log = tmp_path / "log"
    write_structures(tmp_path / "in.extxyz", _pairs(200))
    calculator = f"ase:faulty_calculators.Faulty?log={log}&seconds=0.05"
    arguments = ["in.extxyz", "-o", "out.extxyz", "--workers", "2", "--eip", f"a={calculator}"]
    process = _start(tmp_path, *arguments)
    _wait_for(log, 20)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert "Traceback" not in errors
    _assert_gone(workers)
    assert (tmp_path / "out.extxyz.journal" / "outcomes").stat().st_size > 0


def test_two_runs_into_one_output(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write_structures(tmp_path / "in.extxyz", _pairs(200))
    calculator = f"ase:faulty_calculators.Faulty?log={log}&seconds=0.1"
    arguments = ["in.extxyz", "-o", "out.extxyz", "--eip", f"a={calculator}"]
    first = _start(tmp_path, *arguments)
    _wait_for(log, 3)
    _assert_block(_run(tmp_path, *arguments), "Another run is writing out.extxyz")
    first.terminate()
    first.communicate(timeout=20)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "input: is required"),
        (["nowhere.extxyz", "-o", "o.extxyz", "--eips", "silicon"], "nowhere.extxyz"),
        (["in.extxyz", "-o", "o.extxyz"], "at least one EIP"),
        (["in.extxyz", "-o", "o.extxyz", "--eips", "carbon"], "known: aluminum"),
        (["in.extxyz", "-o", "o.extxyz", "--eip", "sw"], "Expected NAME=SOURCE"),
        (["in.extxyz", "-o", "o.extxyz", "--eip", "sw=kim:SW_Nobody_1999"], "SW_Nobody_1999"),
        (["in.extxyz", "-o", "o.extxyz", "--eip", "a=ase:x.Y", "--eip", "a=ase:x.Y"], "called `a`"),
        (["nan.extxyz", "-o", "o.extxyz", "--eips", "silicon"], "finite positions"),
        (["in.extxyz", "-o", "o.extxyz", "--eips", "silicon", "--workers", "0"], "workers"),
        (["--config", "typo.yaml"], "tme_limit: unknown name"),
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_bad_input_ends_in_one_readable_block(
    tmp_path: Path, arguments: list[str], message: str
) -> None:
    write_structures(tmp_path / "in.extxyz", [bulk("Si")])
    text = (tmp_path / "in.extxyz").read_text()
    (tmp_path / "nan.extxyz").write_text(text.replace("0.00000000", "nan", 1))
    (tmp_path / "typo.yaml").write_text("input: in.extxyz\noutput: o.extxyz\ntme_limit: 3\n")
    _assert_block(_run(tmp_path, *arguments), message)
    assert not list(tmp_path.glob("o.extxyz*"))


def test_a_configuration_file_with_flags_over_it(tmp_path: Path) -> None:
    write_structures(tmp_path / "in.extxyz", [bulk("Si", cubic=True)])
    sw = "matscipy:StillingerWeber?set="
    (tmp_path / "label.yaml").write_text(
        "input: in.extxyz\noutput: nowhere.extxyz\nworkers: 1\n"
        f"eips: {{sw: '{sw}Stillinger_Weber_PRB_31_5262_Si'}}\n"
    )
    vink = f"vink={sw}RLC_Vink_JNCS_282_746_Si"
    done = _run(
        tmp_path, "--config", "label.yaml", "-o", "out.extxyz", "--eip", vink, "--no-forces"
    )
    assert done.returncode == 0, done.stderr
    [atoms] = read_structures(tmp_path / "out.extxyz")
    assert {"eip_sw_energy", "eip_vink_energy"} <= set(atoms.info)
    assert not any("forces" in name for name in atoms.arrays)
    assert not (tmp_path / "nowhere.extxyz").exists()


def _label_lightly(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Label in a process that loads nothing heavy."""
    code = f"""
import sys
from eippot_cli.main import app
app("label in.extxyz -o out.extxyz --eip a={source}".split(), standalone_mode=False)
loaded = [name for name in ("torch", "scipy", "ase.io") if name in sys.modules]
assert not loaded, loaded
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_starts_without_what_labelling_does_not_need(tmp_path: Path) -> None:
    write_structures(tmp_path / "in.extxyz", _pairs(2))
    (tmp_path / "light.py").write_text(
        """
import sys
from faulty_calculators import Faulty

def calculator() -> Faulty:
    loaded = [name for name in ("torch", "scipy", "pydantic", "ase.io") if name in sys.modules]
    if loaded:
        raise ValueError(f"a worker has loaded {loaded}")
    return Faulty()
"""
    )
    _label_lightly(tmp_path, "ase:light.calculator")


def test_warns_of_doubtful_reference_labels(tmp_path: Path) -> None:
    """On stderr, without anything that is heavy, and without another exit code."""
    structures = _pairs(12)
    for atoms in structures:
        atoms.info["REF_energy"] = -5.0
    write_structures(tmp_path / "in.extxyz", structures)
    done = _label_lightly(tmp_path, "ase:faulty_calculators.Faulty")
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Warning")]
    assert line.startswith("Warning about DFT labels (duplicates): Of 12 structures, 11 were there")
    assert "Warning" not in done.stdout


def test_a_calculator_in_the_folder_where_one_is(tmp_path: Path) -> None:
    write_structures(tmp_path / "in.extxyz", _pairs(2))
    source = (CALCULATORS / "faulty_calculators.py").read_text()
    (tmp_path / "my_calculator.py").write_text(source)
    done = _run(tmp_path, "in.extxyz", "-o", "out.extxyz", "--eip", "a=ase:my_calculator.Faulty")
    assert done.returncode == 0, done.stderr


def _assert_block(done: subprocess.CompletedProcess[str], message: str) -> None:
    shown = " ".join(done.stderr.replace("│", " ").split())
    assert done.returncode == 1, done.stdout + done.stderr
    assert message in shown
    assert "Traceback" not in done.stderr
    assert "eippot: error" in done.stderr
