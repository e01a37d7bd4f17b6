"""A worker process: opens EIPs, evaluates them, and may die of it without harm to anybody.

Run as ``python -m eippot.eips.worker SOCKET BOARD PARENT`` by :mod:`eippot.eips.process`.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np

from eippot.eips.base import EIPLabel, EmpiricalPotential, Evaluation, Outcome, Status
from eippot.eips.frame import Frame
from eippot.eips.messages import Board, Chunk, Hello, Open, Opened, Phase
from eippot.eips.packing import pack_outcomes, read_frames, unpack_frames
from eippot.eips.source import open_potential
from eippot.errors import EIPError, EippotError, one_line

#: structures are evaluated together for about as long [s], or one by one; then their outcomes are
#: sent: what a dying worker has not sent is lost.
_TOGETHER: Final = 0.03
_SET_PARENT_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>


class Worker:
    """Serves one pool: one potential object per EIP, reused for all structures.

    Parameters
    ----------
    connection
        To the pool.
    board
        Where it notes what it is doing.
    hello
        The sources, and what is wanted of them.
    """

    def __init__(self, connection: Connection[Any, Any], board: Board, hello: Hello) -> None:
        self._connection = connection
        self._board = board
        self._hello = hello
        self._potentials: dict[int, EmpiricalPotential] = {}
        self._at_once: dict[int, int] = {}  # structures evaluated together, by EIP

    def serve(self) -> None:
        """Answer messages until the pool closes the connection."""
        while True:
            self._board.enter(Phase.WAITING)
            try:
                message = self._connection.recv()
            except EOFError:
                return
            if isinstance(message, Open):
                self._connection.send(self._open(message.eip))
            else:
                self._evaluate_all(message)
            _empty_log()

    def _open(self, eip: int) -> Opened:
        try:
            return Opened(self._potential(eip).supported_species)
        except EippotError as error:
            return Opened(None, error)
        except (Exception, SystemExit) as error:
            return Opened(None, EIPError(_describe(error)))

    def _potential(self, eip: int) -> EmpiricalPotential:
        if eip not in self._potentials:
            self._board.enter(Phase.OPENING)
            self._potentials[eip] = open_potential(self._hello.sources[eip])
            gc.freeze()  # what is there now stays: no need to search it for garbage
        return self._potentials[eip]

    def _evaluate_all(self, chunk: Chunk) -> None:
        frames = unpack_frames(read_frames(chunk.path))
        chunk.path.unlink()
        first, count = 0, self._at_once.get(chunk.eip, 1)
        while first < len(frames):
            start = time.monotonic()
            outcomes = self._evaluate(chunk.eip, frames[first : first + count])
            self._connection.send(pack_outcomes(outcomes))
            first += count
            seconds = (time.monotonic() - start) / len(outcomes)
            count = max(1, min(2 * count, int(_TOGETHER / max(seconds, 1e-6))))
        self._at_once[chunk.eip] = count

    def _evaluate(self, eip: int, frames: Sequence[Frame]) -> list[Outcome]:
        """Evaluate structures together; the board tells at which one the EIP is."""
        evaluation: Evaluation | None = None
        reasons: list[str] = []
        seconds: list[float] = []
        for index in range(len(frames)):
            self._board.begin_label()
            start = time.perf_counter()
            try:
                if evaluation is None:
                    potential = self._potential(eip)
                    self._board.enter(Phase.EVALUATING)
                    start = time.perf_counter()
                    evaluation = potential.prepare(frames, self._hello.derivatives)
                evaluation.compute(index)
                reasons.append("")
            except (Exception, SystemExit) as error:
                reasons.append(_describe(error))
            seconds.append(time.perf_counter() - start)
        self._board.enter(Phase.WAITING)
        labels = evaluation.labels() if evaluation else [None] * len(frames)
        parts = zip(labels, reasons, seconds, frames, strict=True)
        return [_outcome(label, reason, taken, len(f.numbers)) for label, reason, taken, f in parts]


def main(arguments: list[str]) -> None:
    """Serve the pool at the other end of an inherited socket."""
    socket, board_path, parent = int(arguments[0]), Path(arguments[1]), int(arguments[2])
    _die_with(parent)
    os.set_inheritable(socket, False)  # a program started by a calculator must not hold it open
    connection: Connection[Any, Any] = Connection(socket)
    board = Board(board_path)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the pool is gone
        Worker(connection, board, connection.recv()).serve()


def _outcome(label: EIPLabel | None, reason: str, seconds: float, n_atoms: int) -> Outcome:
    if label is None:
        return Outcome(Status.FAILED, reason, None, seconds)
    for name, array, shape in (
        ("forces", label.forces, (n_atoms, 3)),
        ("stress", label.stress, (3, 3)),
    ):
        if array is not None and np.shape(array) != shape:
            reason = f"expected {name} of shape {shape}, got {np.shape(array)}"
            return Outcome(Status.FAILED, reason, None, seconds)
    return Outcome(Status.OK, "", label, seconds)


def _describe(error: BaseException) -> str:
    text = one_line(error)[:300]
    if isinstance(error, EIPError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _die_with(parent: int) -> None:
    """Make sure that this process ends when the pool's does, even if it is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:
        sys.exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _empty_log() -> None:
    """Drop what potentials have printed; only the last words of a dying worker matter."""
    sys.stdout.flush()
    os.ftruncate(1, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
