"""The model driver: compiled once per torch and eippot, then copied to where the KIM API looks."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from types import ModuleType
from typing import Final

import torch

from eippot.deployment import sources
from eippot.kernels import library
from eippot.kernels.building import Report, cache_folder, compile_into, locked
from eippot.version import __version__

NAME: Final = "eippot_driver"
LIBRARY: Final = "libkim-api-model-driver.so"
FOLDER: Final = Path(__file__).parent


def install_driver(kimpy: ModuleType, *, report: Report = print) -> Path:
    """Put the driver into the user's collection, unless the same one is there.

    Returns
    -------
    Path
        The driver there.

    Raises
    ------
    MissingDependencyError
        The compiler or CMake is missing.
    EippotError
        The compilation failed; the message holds the end of the log and its path.
    """
    built = _build_driver(report)
    installed = _user_folder(kimpy) / NAME / LIBRARY
    if not installed.is_file() or installed.read_bytes() != built.read_bytes():
        installed.parent.mkdir(parents=True, exist_ok=True)
        part = installed.with_suffix(".part")
        shutil.copy(built, part)
        part.replace(installed)  # processes that run with the old one keep it
    return installed


def source_files() -> list[Path]:
    """Everything that the driver is built from, in a fixed order."""
    own = [FOLDER / "CMakeLists.txt", *sorted((FOLDER / "src").iterdir())]
    return [*own, *sources.source_files()]


def _build_driver(report: Report) -> Path:
    engine = (library.find_library() or library.build_library(report=report)).with_name(
        library.ENGINE_NAME
    )
    torch_folder = Path(torch.__file__).parent
    digest = hashlib.sha256(os.fsencode(torch_folder))
    for source in source_files():
        digest.update(source.read_bytes())
    versions = f"torch-{torch.__version__}_eippot-{__version__}_{digest.hexdigest()[:10]}"
    folder = cache_folder() / "kim" / versions
    with locked(folder):
        if not (folder / LIBRARY).is_file():
            report("compiling the KIM model driver (about a minute)")
            definitions = {
                "TORCH_DIR": torch_folder,
                "TORCH_CXX11_ABI": int(torch.compiled_with_cxx11_abi()),
                "EIPPOT_ENGINE": engine,
            }
            hint = "It needs the KIM API's headers: apt install libkim-api-dev"
            compile_into(folder, FOLDER, definitions, (LIBRARY,), hint)
    return folder / LIBRARY


def _user_folder(kimpy: ModuleType) -> Path:
    """Where the KIM API looks for model drivers of this user."""
    collections = kimpy.collections.create()
    collections.cache_list_of_directory_names(
        kimpy.collection.user, kimpy.collection_item_type.modelDriver
    )
    return Path(collections.get_directory_name(0))
