"""What eippot itself knows to cite: the method, its architectures, the programs it builds on."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import Final

from eippot.citations.bibtex import Entry, read_bibtex

METHOD: Final = "shui:2022"
#: architecture → its paper.
ARCHITECTURES: Final = {
    "schnet": "schuett:2018",
    "soapnet": "bartok:2013",
    "cgcnn": "xie:2018",
    "gemnet": "gasteiger:2021",
    "equivariant": "batzner:2022",
}
#: program → its paper.
PROGRAMS: Final = {
    "ase": "larsen:2017",
    "torch": "ansel:2024",
    "e3nn": "geiger:2022",
    "matscipy": "grigorev:2024",
    "lammps": "thompson:2022",
}
#: architectures whose spherical harmonics or tensor products are those of e3nn.
WITH_E3NN: Final = ("soapnet", "equivariant")

_FILE: Final = "known.bib"


def known_entry(key: str) -> Entry:
    """The entry of one of the keys above."""
    return _entries()[key]


@cache
def _entries() -> dict[str, Entry]:
    text = (resources.files("eippot.citations") / _FILE).read_text(encoding="utf-8")
    return {entry.key: entry for entry in read_bibtex(text, _FILE)}
