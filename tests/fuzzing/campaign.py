"""Lets atheris, which watches what code a content reaches, look for contents that break a door.

``python -m tests.fuzzing.campaign DOOR SECONDS [FOLDER]``, for ``make fuzz``. Contents that reached
something new are kept in the folder for the next time; one that broke the door is written to the
working directory as libFuzzer's ``crash-…``, ``timeout-…`` or ``oom-…``, and ends the campaign.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from pathlib import Path

import atheris

_READERS = ["eippot.structures", "eippot.config", "eippot.deployment", "ase.io.extxyz", "yaml"]
with atheris.instrument_imports(include=_READERS):
    from tests.fuzzing import doors
    from tests.fuzzing.contents import sound_contents
    from tests.networks import export_potential

#: what a content may take: seconds, MiB, and its own bytes.
_SECONDS, _MEMORY, _LONGEST = 20, 4096, 6000
_DOORS = {
    "extxyz": doors.structures,
    "yaml": doors.configuration,
    "values": doors.record("/data.pkl"),
    "program": doors.record("deployment/exported"),
}
_SOUND = {"extxyz": "structures", "yaml": "configuration"}


def main(door: str, seconds: str, kept: str | None = None) -> None:
    """Run one campaign."""
    warnings.simplefilter("ignore")
    folder = Path(tempfile.mkdtemp())
    content = sound_contents(folder, export_potential(folder / "model.pt", "float64"))
    corpus = Path(kept or folder / "corpus")
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "sound").write_bytes(content[_SOUND.get(door, door)])
    options = [
        f"-max_total_time={seconds}",
        f"-timeout={_SECONDS}",
        f"-rss_limit_mb={_MEMORY}",
        f"-max_len={_LONGEST}",
    ]

    def try_out(data: bytes) -> None:
        doors.is_taken(_DOORS[door], data, folder)

    atheris.Setup([sys.argv[0], *options, str(corpus)], try_out)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
