"""Sound files of every kind, which hypothesis damages and atheris starts from."""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path

import numpy as np
import torch

from eippot.config.templates import template
from eippot.data.combination import Combination
from eippot.eips.base import EIPLabel, Outcome, Status
from eippot.eips.journal import Journal
from eippot.eips.packing import pack_outcomes
from eippot.models.saved import CARD, WEIGHTS
from eippot.structures.extxyz_writer import format_extxyz
from tests.fuzzing import doors
from tests.networks import save_run
from tests.synthetic import labelled_structures

_SUMMARY = b"validation: &a {energy: 1.0, forces: 2}\nsteps: 3\nseconds: 1.5\nversions: [*a, *a]\n"


class Contents(dict[str, bytes]):
    """Contents by door; reports of failures are to show others."""

    def __repr__(self) -> str:
        return "sound contents"


def sound_contents(folder: Path, exported: Path) -> Contents:
    """A sound content for each door, by its name.

    Parameters
    ----------
    folder
        Where the doors will look for the rest: a model in ``run`` and beside it, an exported file.
    exported
        An exported file.
    """
    shutil.copy(exported, folder / "good.pt")
    doors.copy_of(save_run(folder / "run"), folder)
    text = b"".join(format_extxyz(labelled_structures(2, 1)))
    records = doors.unpacked(exported)
    return Contents(
        structures=text,
        packed_structures=lzma.compress(text),
        configuration=b"\x01" + template("finetune").encode(),
        summary=_SUMMARY,
        card=(folder / CARD).read_bytes(),
        weights=(folder / WEIGHTS).read_bytes(),
        combination=_combination(),
        journal=_journal(folder),
        checkpoint=_checkpoint(folder / "sound.ckpt"),
        exported=exported.read_bytes(),
        values=records[doors.record_of(records, "/data.pkl")],
        program=records[doors.record_of(records, "deployment/exported")],
    )


def _combination() -> bytes:
    fitted = Combination(
        sources=("lj",),
        weights=(1.0,),
        species=("Si",),
        offsets=(-3.0,),
        penalty=0.1,
        energy_error=0.02,
        jackknife=((1.0, -3.0),),
        origins={"lj": "ase:ase.calculators.lj.LennardJones?sigma=2.1&epsilon=0.5&rc=4.0"},
    )
    return fitted.model_dump_json().encode()


def _journal(folder: Path) -> bytes:
    output = folder / "sound.extxyz"
    label = EIPLabel(-1.0, np.zeros((2, 3)), np.eye(3))
    outcomes = [Outcome(Status.OK, label=label), Outcome(Status.FAILED, "it has no such element")]
    with Journal(output) as journal:
        journal.add([b"a" * 16, b"b" * 16], pack_outcomes(outcomes))
    return (journal.folder / "outcomes").read_bytes()


def _checkpoint(path: Path) -> bytes:
    names = ("state_dict", "optimizer_states", "lr_schedulers", "loops", "callbacks")
    torch.save({"epoch": 1, "global_step": 2, **dict.fromkeys(names, {})}, path)
    return path.read_bytes()
