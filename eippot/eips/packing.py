"""Frames and outcomes as a few large arrays: what processes say to one another, and the journal."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from eippot.conventions import Array
from eippot.eips.base import EIPLabel, Outcome, Status
from eippot.eips.frame import Frame
from eippot.errors import DataError

#: number of outcomes, length of the reasons.
_START: Final = struct.Struct("<QQ")
#: a head of each outcome; seconds are NaN where it was not tried.
_HEAD: Final = np.dtype(
    [
        ("status", "S20"),
        ("seconds", "<f8"),
        ("has_label", "?"),
        ("energy", "<f8"),
        ("n_forces", "<i8"),  # −1: no forces
        ("has_stress", "?"),
    ]
)
_NO_LABEL: Final = (False, 0.0, -1, False)
_STATUSES: Final = {status.value.encode(): status for status in Status}


class PackedFrames(NamedTuple):
    """Frames behind one another.

    Parameters
    ----------
    n_atoms
        Shape ``(k,)``.
    numbers
        Shape ``(n,)``, n being the sum of ``n_atoms``.
    positions
        Shape ``(n, 3)`` [Å].
    cells
        Shape ``(k, 3, 3)`` [Å].
    pbc
        Shape ``(k, 3)``.
    """

    n_atoms: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.int64]
    positions: Array
    cells: Array
    pbc: npt.NDArray[np.bool_]


def pack_frames(frames: Sequence[Frame]) -> PackedFrames:
    """Put at least one frame into arrays."""
    numbers, positions, cells, pbc = zip(*frames, strict=True)
    return PackedFrames(
        np.array([len(part) for part in numbers]),
        np.concatenate(numbers),
        np.concatenate(positions),
        np.array(cells),
        np.array(pbc),
    )


def write_frames(path: Path, packed: PackedFrames) -> None:
    """Write frames into a file, array after array."""
    with path.open("wb") as file:
        for array in packed:
            np.save(file, array)


def read_frames(path: Path) -> PackedFrames:
    """Frames as they were written."""
    with path.open("rb") as file:
        return PackedFrames(*(np.load(file) for _ in PackedFrames._fields))


def unpack_frames(packed: PackedFrames) -> list[Frame]:
    """Frames whose arrays are parts of those that were packed."""
    ends = np.cumsum(packed.n_atoms).tolist()
    return [
        Frame(packed.numbers[first:last], packed.positions[first:last], cell, pbc)
        for first, last, cell, pbc in zip([0, *ends], ends, packed.cells, packed.pbc, strict=False)
    ]


def pack_outcomes(outcomes: Sequence[Outcome]) -> bytes:
    """Put outcomes into bytes, to the last bit."""
    heads = np.array([_head(outcome) for outcome in outcomes], dtype=_HEAD)
    reasons = json.dumps({i: o.reason for i, o in enumerate(outcomes) if o.reason}).encode()
    labels = [outcome.label for outcome in outcomes if outcome.label is not None]
    numbers = [
        array.ravel()
        for label in labels
        for array in (label.forces, label.stress)
        if array is not None
    ]
    values = np.concatenate(numbers, dtype="<f8") if numbers else np.empty(0)
    start = _START.pack(len(outcomes), len(reasons))
    return b"".join((start, heads.tobytes(), reasons, values.tobytes()))


def unpack_outcomes(packed: bytes) -> list[Outcome]:
    """Outcomes as they were packed.

    Raises
    ------
    DataError
        They were not packed like this.
    """
    try:
        return _unpack(packed)
    except (struct.error, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(f"Expected outcomes of EIPs, got something else: {error}") from None


def _unpack(packed: bytes) -> list[Outcome]:
    count, length = _START.unpack_from(packed)
    heads = np.frombuffer(packed, dtype=_HEAD, count=count, offset=_START.size).tolist()
    first = _START.size + count * _HEAD.itemsize
    reasons = json.loads(packed[first : first + length])
    values = np.frombuffer(packed, dtype="<f8", offset=first + length).astype(np.float64)
    outcomes = []
    used = 0
    for index, (status, seconds, has_label, energy, n_forces, has_stress) in enumerate(heads):
        label = forces = stress = None
        if n_forces >= 0:
            forces = values[used : used + 3 * n_forces].reshape(n_forces, 3)
            used += 3 * n_forces
        if has_stress:
            stress = values[used : used + 9].reshape(3, 3)
            used += 9
        if has_label:
            label = EIPLabel(energy, forces, stress)
        reason = reasons.get(str(index), "") if reasons else ""
        taken = None if math.isnan(seconds) else seconds
        outcomes.append(Outcome(_STATUSES[status], reason, label, taken))
    return outcomes


def _head(outcome: Outcome) -> tuple[object, ...]:
    seconds = np.nan if outcome.seconds is None else outcome.seconds
    label = outcome.label
    if label is None:
        return (outcome.status.value, seconds, *_NO_LABEL)
    n_forces = -1 if label.forces is None else len(label.forces)
    return (outcome.status.value, seconds, True, label.energy, n_forces, label.stress is not None)
