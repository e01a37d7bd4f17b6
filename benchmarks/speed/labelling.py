"""Labelling, as ``benchmarks/labelling.py`` measures it, among the lines of this benchmark."""

from __future__ import annotations

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from benchmarks.pages import Line, read_lines
from benchmarks.speed.campaign import digest_of_sources, machine

MODULE: Final = "benchmarks.labelling"
KIND: Final = "labelling"


def measure_labelling(results: Path, again: bool) -> None:
    """Append its lines, unless there are some of these sources and this machine."""
    key = {"kind": KIND, "versions": {"eippot": digest_of_sources()}, "machine": machine()}
    done = [line for line in read_lines(results) if key.items() <= line.items()]
    if find_spec(MODULE) is None or (done and not again):
        return
    lines: list[Line] = import_module(MODULE).measure()
    with results.open("a") as file:
        for line in lines:
            file.write(f"{json.dumps(key | {'labelling': line}, ensure_ascii=False)}\n")


def labelling_summary(results: Path) -> list[str]:
    """Its own lines ``speed: labelling …``, of the last time that it was measured."""
    lines = [line for line in read_lines(results) if line["kind"] == KIND]
    if find_spec(MODULE) is None or not lines:
        return ["speed: labelling missing"]
    last = [line["labelling"] for line in lines if line["versions"] == lines[-1]["versions"]]
    found: list[str] = import_module(MODULE).summary(last)
    return found
