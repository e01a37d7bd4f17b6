"""A worker process: opens EIPs, evaluates them, and may die of it without harm to anybody.

Run as ``python -m eippot.eips.worker SOCKET BOARD PARENT`` by :mod:`eippot.eips.process`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import numpy as np

from eippot.eips.base import EIPLabel, EmpiricalPotential, Outcome, Status
from eippot.eips.messages import Board, Chunk, Frame, Hello, Open, Opened, Phase
from eippot.eips.source import open_potential
from eippot.errors import EIPError, EippotError

#: outcomes are sent when this much time has passed [s]: what a dying worker has not sent is lost.
_SEND_EVERY: Final = 0.002
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
        return self._potentials[eip]

    def _evaluate_all(self, chunk: Chunk) -> None:
        outcomes: list[Outcome] = []
        sent_at = time.monotonic()
        for frame in chunk.frames:
            self._board.begin_label()
            outcomes.append(self._evaluate(chunk.eip, frame))
            self._board.enter(Phase.WAITING)
            if time.monotonic() - sent_at > _SEND_EVERY:
                self._connection.send(outcomes)
                outcomes, sent_at = [], time.monotonic()
        if outcomes:
            self._connection.send(outcomes)

    def _evaluate(self, eip: int, frame: Frame) -> Outcome:
        start = time.perf_counter()
        try:
            potential = self._potential(eip)
            self._board.enter(Phase.EVALUATING)
            start = time.perf_counter()
            label = potential.evaluate(frame.to_atoms(), self._hello.derivatives)
            label = _checked(label, len(frame.numbers))
        except (Exception, SystemExit) as error:
            return Outcome(Status.FAILED, _describe(error), None, time.perf_counter() - start)
        return Outcome(Status.OK, "", label, time.perf_counter() - start)


def main(arguments: list[str]) -> None:
    """Serve the pool at the other end of an inherited socket."""
    socket, board_path, parent = int(arguments[0]), Path(arguments[1]), int(arguments[2])
    _die_with(parent)
    os.set_inheritable(socket, False)  # a program started by a calculator must not hold it open
    connection: Connection[Any, Any] = Connection(socket)
    board = Board(board_path)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the pool is gone
        Worker(connection, board, connection.recv()).serve()


def _checked(label: EIPLabel, n_atoms: int) -> EIPLabel:
    for name, array, shape in (
        ("forces", label.forces, (n_atoms, 3)),
        ("stress", label.stress, (3, 3)),
    ):
        if array is not None and np.shape(array) != shape:
            raise EIPError(f"expected {name} of shape {shape}, got {np.shape(array)}")
    return label


def _describe(error: BaseException) -> str:
    text = " ".join(str(error).split())[:300]
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
