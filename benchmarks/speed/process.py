"""The driver's side: starts a contestant's process and talks to it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
#: no PYTHONPATH: programs that a peer starts would take eippot's plugins for its own.
SERVE: Final = """
import sys
sys.path.insert(0, {root!r})
from benchmarks.speed.serving import main
main({module!r})
"""


class ContestantError(Exception):
    """A contestant cannot do what it was asked for."""


class ContestantProcess:
    """A contestant in its own Python and an empty folder, ready for requests; see ``serving.py``.

    Parameters
    ----------
    python
        Interpreter of its environment.
    module
        Script of this repository, by its module name.
    threads
        Threads that its numerical libraries may use.
    log
        File that its standard error is appended to.
    """

    def __init__(self, python: Path, module: str, threads: int, log: Path) -> None:
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        environment = dict.fromkeys(names, str(threads)) | {
            "PATH": os.pathsep.join([str(python.parent), os.environ["PATH"]]),
            "PYTHONWARNINGS": "ignore",
        }
        self._log = log.open("a")
        self._folder = tempfile.TemporaryDirectory()
        self._process = subprocess.Popen(
            [str(python), "-c", SERVE.format(root=str(ROOT), module=module)],
            cwd=self._folder.name,
            env=os.environ | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            start_new_session=True,
        )
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def prepare(self, kind: str, setting: dict[str, Any], timeout: float) -> dict[str, Any]:
        """Have a case prepared; return the facts that the contestant tells of it."""
        request = {"prepare": kind, "setting": setting}
        facts: dict[str, Any] = self._ask(request, timeout)["facts"]
        return facts

    def measure(self, seconds: float, timeout: float) -> float:
        """Have it measured once, for about so long."""
        return float(self._ask({"measure": seconds}, timeout)["value"])

    def stop(self) -> None:
        """End the process and all that it started."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._listener.join()
        self._log.close()
        self._folder.cleanup()

    def _ask(self, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{json.dumps(request)}\n")
            self._process.stdin.flush()
            line = self._answers.get(timeout=timeout)
        except queue.Empty:
            os.killpg(self._process.pid, signal.SIGKILL)
            raise ContestantError(f"no answer within {timeout:.0f} s") from None
        except BrokenPipeError:
            line = ""
        if not line:
            raise ContestantError(f"ended with {self._process.wait()}")
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise ContestantError(reply["error"])
        return reply

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as answers:
            for line in answers:
                self._answers.put(line)
        self._answers.put("")
