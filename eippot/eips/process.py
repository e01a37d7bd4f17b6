"""The pool's side of one worker process: start it, talk to it, notice its end, end it."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from eippot.eips.messages import Board, Chunk, Hello, Phase
from eippot.eips.packing import PackedFrames, write_frames

#: how the names of folders of workers begin.
WORKER_PREFIX: Final = "eippot-worker-"

#: one thread per worker: the pool already uses every core.
_ONE_THREAD: Final = dict.fromkeys(
    (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
        "NUMEXPR_NUM_THREADS",
    ),
    "1",
)
#: the clock of a label stands still in steps longer than this [s]: the pool itself was held up.
_LONGEST_STEP: Final = 1.0


class WorkerProcess:
    """One worker process in a temporary folder of its own.

    It gets its own session, so that a Ctrl-C in the terminal goes to the pool alone, which then
    ends its workers together with whatever programs they have started.

    Parameters
    ----------
    hello
        What the worker has to know first.
    folder
        Where to make its folder; None is the system's place for temporary files.
    """

    def __init__(self, hello: Hello, folder: Path | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=WORKER_PREFIX, dir=folder)).resolve()
        self._log = self.folder / "worker.log"
        self.board = Board(self.folder / "board")
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = self._start(theirs.fileno())
        self.connection: Connection[Any, Any] = Connection(ours.detach())
        self._clock = _Clock()
        self._n_given = 0
        self.stopped = False
        self.send(hello)

    @property
    def ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def send(self, message: object) -> None:
        """Send a message; a worker that has just died is noticed when it is waited for."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send(message)

    def give(self, eip: int, frames: PackedFrames) -> None:
        """Ask for labels of one EIP, also of a worker that still has others to make."""
        self._n_given += 1
        path = self.folder / f"chunk-{self._n_given}"
        write_frames(path, frames)
        self.send(Chunk(eip, path))

    def receive(self) -> list[Any]:
        """All messages that have arrived; none is an empty list, never a wait."""
        messages = []
        with contextlib.suppress(EOFError, ConnectionResetError):
            while self.connection.poll():
                messages.append(self.connection.recv())
        return messages

    def elapsed(self) -> tuple[Phase, float]:
        """What the worker is doing, and since when [s]."""
        phase = self.board.phase
        return phase, self._clock.since((self.board.begun, phase))

    def last_words(self) -> str:
        """How a process that has ended did so, with the last line that it printed."""
        code = self._process.wait()
        if code < 0:
            with contextlib.suppress(ValueError):
                return _join(f"was killed by {signal.Signals(-code).name}", self._last_line())
        return _join(f"exited with code {code}", self._last_line())

    def stop(self) -> None:
        """End the process and everything that it has started."""
        self.stopped = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def discard(self) -> None:
        """Stop the process and drop what it leaves behind."""
        self.stop()
        self.connection.close()
        self.board.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _start(self, descriptor: int) -> subprocess.Popen[bytes]:
        arguments = [str(descriptor), str(self.folder / "board"), str(os.getpid())]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "eippot.eips.worker", *arguments],
                cwd=self.folder,
                env=_environment(self.folder),
                pass_fds=(descriptor,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _last_line(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._log.read_bytes()[-2000:].decode(errors="replace").split("\n")
            return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "")
        return ""


class _Clock:
    """Time since something last changed, without the pauses of the one who looks."""

    def __init__(self) -> None:
        self._seen: object = None
        self._elapsed = 0.0
        self._looked = time.monotonic()

    def since(self, state: object) -> float:
        now = time.monotonic()
        step, self._looked = min(now - self._looked, _LONGEST_STEP), now
        self._elapsed = self._elapsed + step if state == self._seen else 0.0
        self._seen = state
        return self._elapsed


def _environment(folder: Path) -> dict[str, str]:
    """Environment of a worker: one thread, our import path, and its folder for temporary files."""
    search = [str(Path(entry or ".").resolve()) for entry in [*sys.path, "."]]
    return {
        **os.environ,
        **_ONE_THREAD,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(search)),
        "TMPDIR": str(folder),
    }


def _join(what: str, line: str) -> str:
    return f"{what} ({line})" if line else what
