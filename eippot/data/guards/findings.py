"""What a guard says: something that was seen in the labels, and what to do about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from eippot.data.guards.labelled import LabelledSet

#: structures and kinds of structures that a finding names.
_NAMED: Final = 3


@dataclass(frozen=True)
class Finding:
    """One warning about labels.

    Attributes
    ----------
    kind
        What it is about, in a word or two; a set of structures has at most one of each kind.
    text
        What was seen, in numbers, and what to do.
    """

    kind: str
    text: str

    def __str__(self) -> str:
        """The warning as it is shown."""
        return f"Warning about DFT labels ({self.kind}): {self.text}"


def name_some(labelled: LabelledSet, found: np.ndarray) -> str:
    """Name some of the structures that a finding is about.

    Parameters
    ----------
    labelled
        The set.
    found
        Which of its structures: bools ``(k,)``, or indices.

    Returns
    -------
    str
        Where the first ones are in the file, counted from 0, and the commonest ``config_type``.
    """
    which = np.flatnonzero(found) if found.dtype == bool else np.unique(found)
    first = ", ".join(str(index) for index in labelled.indices[which[:_NAMED]])
    text = f"index {first}" + (", …" if len(which) > _NAMED else "")
    kinds = Counter(
        str(kind)
        for index in which
        if (kind := labelled.structures[index].info.get("config_type")) is not None
    )
    if not kinds:
        return text
    shown = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common(_NAMED))
    return f"{text}; config_type {shown}" + (", …" if len(kinds) > _NAMED else "")


def count(number: int, noun: str = "structure") -> str:
    """Number and noun, in the plural where there are several."""
    return f"{number} {noun}" + ("" if number == 1 else "s")
