"""Where a built plugin lies: one folder per LAMMPS, torch, eippot and state of the sources."""

from __future__ import annotations

import hashlib
from importlib import metadata
from pathlib import Path
from typing import Final

from eippot.deployment import sources
from eippot.kernels.building import cache_folder
from eippot_lammps.locate import Lammps, Torch

PLUGIN_NAME: Final = "eippotplugin.so"  # what LAMMPS loads at its start
PAIR_NAME: Final = "libeippot_pair.so"  # what the plugin loads when it is asked for
PACKAGE_FOLDER: Final = Path(__file__).parent


def plugins_folder() -> Path:
    """Folder of all built plugins."""
    return cache_folder() / "plugins"


def plugin_folder(lammps: Lammps, torch: Torch) -> Path:
    """Folder of the plugin for one LAMMPS and one torch; it need not exist.

    The plugin holds the path of torch's libraries, so two environments with the same versions
    have two folders.
    """
    digest = hashlib.sha256(f"{torch.folder}\n{lammps.headers}\n".encode())
    for source in source_files():
        digest.update(source.read_bytes())
    versions = f"lammps-{lammps.version}_torch-{torch.version}_eippot-{metadata.version('eippot')}"
    return plugins_folder() / f"{versions}_{digest.hexdigest()[:10]}"


def source_files() -> list[Path]:
    """Everything that the plugin is built from, in a fixed order."""
    own = [PACKAGE_FOLDER / "CMakeLists.txt", *sorted((PACKAGE_FOLDER / "src").iterdir())]
    return [*own, *sources.source_files()]


def other_builds(current: Path) -> list[Path]:
    """Folders of plugins that were built for other versions or environments."""
    if not plugins_folder().is_dir():
        return []
    return sorted(
        file.parent
        for file in plugins_folder().glob(f"*/{PLUGIN_NAME}")
        if file.parent.resolve() != current.resolve()
    )
