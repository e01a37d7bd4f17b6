"""The doors through which files come in, as functions of what is in a file.

Whatever the content, a door takes it, or raises an EippotError: this is what hypothesis
(``test_doors.py``) and atheris (``campaign.py``) try. Each says whether it took the content.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final

from ase.build import bulk

from eippot.config.base import Config, read_config
from eippot.config.inspect import InspectConfig
from eippot.config.label import LabelConfig
from eippot.config.stages import FinetuneConfig
from eippot.deployment.files import open_exported
from eippot.deployment.stacked import StackCalculator
from eippot.eips.cards import Card
from eippot.eips.journal import Journal
from eippot.errors import EippotError
from eippot.models.saved import CARD, WEIGHTS
from eippot.reporting.runs import read_mapping
from eippot.stages import export, inspect
from eippot.structures.io import energy_of, forces_of, read_structures, stress_of
from eippot.training.resuming import load_checkpoint

Door = Callable[[bytes, Path], None]
_KINDS: Final[tuple[type[Config], ...]] = (LabelConfig, FinetuneConfig, Card)


def is_taken(door: Door, content: bytes, folder: Path) -> bool:
    """Whether a door takes a content; any error but an EippotError comes through."""
    try:
        door(content, folder)
    except EippotError as error:
        assert str(error)
        return False
    return True


def structures(content: bytes, folder: Path) -> None:
    """Extended XYZ, and its labels."""
    for atoms in read_structures(_written(folder / "a.extxyz", content)):
        energy_of(atoms, "REF_energy")
        forces_of(atoms, "REF_forces")
        stress_of(atoms, "REF_stress")


def packed_structures(content: bytes, folder: Path) -> None:
    """Compressed extended XYZ."""
    read_structures(_written(folder / "a.extxyz.xz", content))


def configuration(content: bytes, folder: Path) -> None:
    """A configuration or a card, as the first byte says."""
    kind = _KINDS[content[0] % len(_KINDS)] if content else Card
    read_config(kind, _written(folder / "a.yaml", content[1:]))


def summary(content: bytes, folder: Path) -> None:
    """The summary of a run."""
    read_mapping(_written(folder / "summary.yaml", content))


def card(content: bytes, folder: Path) -> None:
    """``model.json`` beside weights, looked into and opened."""
    _written(folder / CARD, content)
    _open_run(folder)


def weights(content: bytes, folder: Path) -> None:
    """``model.safetensors`` beside a card."""
    _written(folder / WEIGHTS, content)
    _open_run(folder)


def combination(content: bytes, folder: Path) -> None:
    """What ``eippot stack`` fitted, and a structure evaluated with it."""
    calculator = StackCalculator(_written(folder / "a.combination.json", content))
    calculator.calculate(bulk("Si", cubic=True))


def journal(content: bytes, folder: Path) -> None:
    """The journal of a labelling run."""
    (folder / "a.extxyz.journal").mkdir(exist_ok=True)
    _written(folder / "a.extxyz.journal" / "outcomes", content)
    with Journal(folder / "a.extxyz"):
        pass


def checkpoint(content: bytes, folder: Path) -> None:
    """Where a training goes on."""
    load_checkpoint(_written(folder / "last.ckpt", content))


def exported(content: bytes, folder: Path) -> None:
    """An exported file, looked into and opened."""
    path = _written(folder / "a.pt", content)
    inspect.run(InspectConfig(path=path))
    open_exported(path)


def record(part: str) -> Door:
    """One record of an exported file, whose other records are sound."""

    def door(content: bytes, folder: Path) -> None:
        records = _records(folder / "good.pt")
        exported(packed({**records, record_of(records, part): content}), folder)

    return door


def record_of(records: Mapping[str, bytes], part: str) -> str:
    """The one record of a program or of values that has this in its name."""
    (name,) = (name for name in records if part in name and name.endswith((".py", ".pkl")))
    return name


def packed(records: Mapping[str, bytes]) -> bytes:
    """A zip archive."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in records.items():
            archive.writestr(name, content)
    return file.getvalue()


def unpacked(path: Path) -> dict[str, bytes]:
    """Records of a zip archive."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


_records = lru_cache(maxsize=4)(unpacked)


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _open_run(folder: Path) -> None:
    inspect.run(InspectConfig(path=folder))
    export.assemble([folder])


def copy_of(run: Path, folder: Path) -> None:
    """Put a model where the doors of cards and weights look for the rest."""
    for name in (CARD, WEIGHTS):
        shutil.copy(run / name, folder)
