"""Measures cases: contestants prepare one after the other, then measure in turns."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.pages import Line, read_lines
from benchmarks.speed.cases import Case, Contestant
from benchmarks.speed.environments import ROOT, python_of, versions, why_missing
from benchmarks.speed.process import ContestantError, ContestantProcess

#: rounds of a case, if time allows.
MOST_ROUNDS: Final = 7
#: a contestant that does not answer for so long is given up [s].
PREPARING, MEASURING = 900.0, 300.0
#: what a figure of eippot depends on.
OWN_SOURCES: Final = ("eippot", "lammps", "cli")


class Campaign:
    """Measures, and keeps a JSON line of each contestant of each case.

    Parameters
    ----------
    results
        File of lines; cases that have all theirs, of these versions and this machine, are skipped.
    log
        File for what contestants print.
    again
        Measure all the same.
    report
        Called with a line of progress.
    """

    def __init__(
        self, results: Path, log: Path, again: bool, report: Callable[[str], None]
    ) -> None:
        self._results, self._log, self._again, self._report = results, log, again, report
        self._processes: dict[tuple[str, str, int], ContestantProcess] = {}
        self._versions: dict[tuple[str, tuple[str, ...]], dict[str, str]] = {}
        self._machine = machine()
        self._sources = digest_of_sources()

    def run(self, cases: Iterable[Case]) -> None:
        """Measure all that is missing."""
        try:
            for case in cases:
                missing = [c for c in case.contestants if not self.line_of(case, c)]
                if missing or self._again:
                    self._measure(case)
        finally:
            self._stop()

    def line_of(self, case: Case, contestant: Contestant) -> Line | None:
        """The last line of a contestant in a case, of these versions and this machine."""
        found = None
        for line in read_lines(self._results):
            if self._key(case, contestant).items() <= line.items():
                found = line
        return found

    def _measure(self, case: Case) -> None:
        began = time.perf_counter()
        self._stop(besides=case)
        self._report(f"{case.kind} {_words(case.setting)}")
        facts: dict[str, dict[str, Any]] = {}
        errors: dict[str, str] = {}
        values: dict[str, list[float]] = {c.name: [] for c in case.contestants}
        for contestant in case.contestants:
            try:
                process = self._process(contestant, case.threads)
                setting = case.setting | {"threads": case.threads} | contestant.options
                facts[contestant.name] = process.prepare(case.kind, setting, PREPARING)
            except ContestantError as error:
                self._failed(contestant, case.threads, error, errors)
        running = [c for c in case.contestants if c.name in facts]
        spent = dict.fromkeys(values, 0.0)
        while running:
            for contestant in running:
                start = time.perf_counter()
                try:
                    process = self._process(contestant, case.threads)
                    value = process.measure(case.slice_seconds, MEASURING)
                    values[contestant.name].append(value)
                except ContestantError as error:
                    self._failed(contestant, case.threads, error, errors)
                spent[contestant.name] += time.perf_counter() - start
            share = case.seconds / len(facts)
            running = [
                c
                for c in running
                if c.name not in errors
                and len(values[c.name]) < MOST_ROUNDS
                and spent[c.name] * (1 + 1 / len(values[c.name])) < share
            ]
        for contestant in case.contestants:
            name = contestant.name
            self._keep(case, contestant, values[name], facts.get(name, {}), errors.get(name))
        self._report(f"  took {time.perf_counter() - began:.0f} s")

    def _keep(
        self,
        case: Case,
        contestant: Contestant,
        values: list[float],
        facts: dict[str, Any],
        error: str | None,
    ) -> None:
        line = self._key(case, contestant) | {
            "values": values,
            "unit": case.unit,
            "facts": facts,
            "error": error,
            "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        }
        with self._results.open("a") as file:
            file.write(f"{json.dumps(line, ensure_ascii=False)}\n")
        figure = error or f"{median(values):.4g} {case.unit} ({len(values)} times)"
        self._report(f"  {contestant.name}: {figure}")

    def _key(self, case: Case, contestant: Contestant) -> Line:
        return {
            "kind": case.kind,
            "setting": case.setting,
            "contestant": contestant.name,
            "versions": self._versions_of(contestant),
            "machine": self._machine,
        }

    def _versions_of(self, contestant: Contestant) -> dict[str, str]:
        if not python_of(contestant.environment).exists():
            return {}
        key = contestant.environment, contestant.versions
        if key not in self._versions:
            self._versions[key] = versions(*key)
        own = {"eippot": self._sources} if contestant.script.startswith("eippot") else {}
        return self._versions[key] | own

    def _process(self, contestant: Contestant, threads: int) -> ContestantProcess:
        """A process per model, so that what one prepares is there when its turn comes."""
        python = python_of(contestant.environment)
        if not python.exists():
            raise ContestantError(why_missing(contestant.environment))
        key = contestant.name, contestant.script, threads
        if key not in self._processes:
            module = f"benchmarks.speed.contestants.{contestant.script}"
            self._processes[key] = ContestantProcess(python, module, threads, self._log)
        return self._processes[key]

    def _failed(
        self,
        contestant: Contestant,
        threads: int,
        error: ContestantError,
        errors: dict[str, str],
    ) -> None:
        errors[contestant.name] = str(error)
        process = self._processes.pop((contestant.name, contestant.script, threads), None)
        if process:
            process.stop()

    def _stop(self, besides: Case | None = None) -> None:
        """End the processes of contestants that do not take part in a case."""
        kept = {(c.name, c.script, besides.threads) for c in besides.contestants} if besides else ()
        for key in [key for key in self._processes if key not in kept]:
            self._processes.pop(key).stop()


def _words(setting: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}"
        for name, value in setting.items()
    )


def digest_of_sources() -> str:
    """Tells versions of eippot's sources from one another."""
    found = hashlib.sha256()
    for folder in OWN_SOURCES:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".cpp", ".h", ".txt"}:
                found.update(path.read_bytes())
    return found.hexdigest()[:10]


def machine() -> dict[str, Any]:
    """Processor, cores that may be used, memory [GB]."""
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    models = [line.split(": ")[1] for line in text.splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": round(memory),
        "system": platform.system(),
    }
