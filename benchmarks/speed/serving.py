"""The contestants' side: a process that is told what to prepare, and measures when asked to.

Standard library only: every contestant runs this in a Python environment of its own. A request is
one JSON object in a line of standard input, its answer one in a line of standard output; whatever
else a contestant prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import IO, Any

#: what is to be measured: the setting of a case, and the options of the contestant.
Setting = dict[str, Any]


@dataclass
class Prepared:
    """What is ready to be measured, warmed up.

    Attributes
    ----------
    measure
        Measure once, for about the given time [s], and give the figure.
    facts
        What should be known about it besides, such as the number of weights.
    close
        Give back processes and files.
    """

    measure: Callable[[float], float]
    facts: dict[str, Any] = field(default_factory=dict)
    close: Callable[[], None] = lambda: None


#: how each kind of case is prepared.
Kinds = Mapping[str, Callable[[Setting], Prepared]]


def main(module: str) -> None:
    """Serve the contestant that is the module of this name, and has its ``KINDS``.

    ``{"prepare": kind, "setting": {…}}`` is answered by ``{"facts": {…}}``,
    ``{"measure": seconds}`` by ``{"value": …}``; an exception by ``{"error": …}``,
    with its traceback on standard error.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    kinds: Kinds = {}

    def kinds_of_module() -> Kinds:
        nonlocal kinds
        kinds = kinds or import_module(module).KINDS
        return kinds

    answer(kinds_of_module, sys.stdin, answers)


def answer(kinds: Callable[[], Kinds], requests: IO[str], answers: IO[str]) -> None:
    """Answer requests until there are no more; what can be prepared is found out with the first."""
    ready: Prepared | None = None
    for line in requests:
        request = json.loads(line)
        reply: dict[str, Any]
        try:
            if "prepare" in request:
                if ready:
                    ready.close()
                    ready = None
                ready = kinds()[request["prepare"]](request["setting"])
                reply = {"facts": ready.facts}
            else:
                assert ready, "nothing is prepared"
                reply = {"value": ready.measure(request["measure"])}
        except Exception as error:
            traceback.print_exc()
            reply = {"error": f"{type(error).__name__}: {_in_one_line(str(error))}"}
        answers.write(f"{json.dumps(reply)}\n")
        answers.flush()
    if ready:
        ready.close()


def _in_one_line(message: str) -> str:
    return " ".join(message.split())[:300]
