"""Exported models as portable models of the KIM API."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from eippot.deployment.exported import Metadata
from eippot.deployment.files import COMPILED, open_exported
from eippot.deployment.kim import driver
from eippot.eips.kim import import_kimpy, installed_models
from eippot.errors import EippotError, MissingDependencyError, ModelError
from eippot.kernels.building import Report, require_tools

MANAGER: Final = "kim-api-collections-management"
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)

PROJECT: Final = """\
cmake_minimum_required(VERSION 3.18)
list(APPEND CMAKE_PREFIX_PATH $ENV{{KIM_API_CMAKE_PREFIX_DIR}})
find_package(KIM-API-ITEMS 2.2 REQUIRED CONFIG)
kim_api_items_setup_before_project(ITEM_TYPE "portableModel")
project({name} LANGUAGES CXX)
kim_api_items_setup_after_project(ITEM_TYPE "portableModel")
add_kim_api_model_library(NAME "{name}" DRIVER_NAME "{driver}" PARAMETER_FILES "model.pt")
"""

OPEN: Final = "import sys, torch; from ase.calculators.kim import KIM; KIM(sys.argv[1])"


def install_model(
    path: Path, name: str, *, force: bool = False, report: Report = print
) -> Metadata:
    """Make an exported model known to the KIM API, for this user; the driver with it.

    Parameters
    ----------
    path
        What ``eippot export`` wrote; it is copied.
    name
        What simulators are to call it; letters, digits and underscores.
    force
        Take the place of a model of the same name.
    report
        Called with one line per step.

    Raises
    ------
    ModelError
        The file is no exported model or cannot run here, or the name is not possible.
    MissingDependencyError
        The KIM API, kimpy, a compiler or CMake is missing.
    EippotError
        Something could not be compiled, or not be installed.
    """
    metadata = _metadata(path)
    kimpy = import_kimpy()
    _require_free(name, force)
    require_tools()
    driver.install_driver(kimpy, report=report)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / name
        folder.mkdir()
        (folder / "CMakeLists.txt").write_text(PROJECT.format(name=name, driver=driver.NAME))
        shutil.copy(path, folder / "model.pt")
        _install(folder)
        _require_opens(name, Path(work))
    return metadata


def _metadata(path: Path) -> Metadata:
    if path.suffix == COMPILED:
        raise ModelError(
            f"{path} is compiled for Python, and the KIM API's simulators are not.",
            "`eippot export` with any other ending, such as model.pt, writes what they run.",
        )
    return open_exported(path)[1]


def _require_free(name: str, force: bool) -> None:
    if not NAME.fullmatch(name):
        raise ModelError(
            f"Expected letters, digits and underscores as a name for the KIM API, got `{name}`."
        )
    if name in installed_models() and not force:
        raise ModelError(
            f"The KIM API has a model `{name}` already.",
            f"Take another --name, or its place with --force; or `{MANAGER} remove {name}`.",
        )


def _install(folder: Path) -> None:
    manager = shutil.which(MANAGER)
    if manager is None:
        raise MissingDependencyError(
            f"There is no {MANAGER} on PATH, which installs models.", "apt install libkim-api-dev"
        )
    command = [manager, "install", "--force", "user", str(folder)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise EippotError(
            f"`{MANAGER} install` failed for {folder.name}; it ends with\n\n"
            + "\n".join(said[-15:])
        )


def _require_opens(name: str, folder: Path) -> None:
    """Open it as simulators do, in a process of its own; KIM's log says why that fails."""
    done = subprocess.run(
        [sys.executable, "-c", OPEN, name], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        log = folder / "kim.log"
        lines = log.read_text(errors="replace").splitlines() if log.is_file() else []
        said = [line for line in lines if "error" in line] or done.stderr.strip().splitlines()
        raise ModelError(f"The KIM API cannot open `{name}`:\n\n" + "\n".join(said[-5:]))
