"""Virtual environments of the peers: ``make bench-peers``.

What is installed stands in ``peers.json``: for each environment the arguments of one
``pip install`` after the other. An environment that is there as its lines want it is left alone;
one that cannot be made is reported and leaves its reason in ``NAME.failed``, and the others are
made all the same.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PEERS: Final = Path(__file__).with_name("peers.json")
STAMP: Final = "installed.json"
#: asked of an environment's Python: versions of distributions, null for one that is not there.
VERSIONS: Final = """
import json, sys
from importlib import metadata
def version(name):
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


def peers_folder() -> Path:
    """Where the environments are: ``EIPPOT_BENCH_PEERS``, or ``.peers`` in the repository."""
    return Path(os.environ.get("EIPPOT_BENCH_PEERS", ROOT / ".peers"))


def python_of(environment: str) -> Path:
    """Its interpreter, whether it is there or not; that of eippot has no name."""
    if not environment:
        return Path(sys.executable)
    return peers_folder() / environment / "bin" / "python"


def why_missing(environment: str) -> str:
    """Why an environment is not there."""
    reason = peers_folder() / f"{environment}.failed"
    return reason.read_text() if reason.exists() else "not installed (make bench-peers)"


def versions(environment: str, distributions: tuple[str, ...]) -> dict[str, str]:
    """Installed versions of distributions."""
    done = subprocess.run(
        [str(python_of(environment)), "-c", VERSIONS, *distributions],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, str | None] = json.loads(done.stdout)
    return {name: version for name, version in found.items() if version}


def make(environment: str, installs: list[list[str]]) -> str:
    """Make an environment; return what happened, in a line."""
    folder = peers_folder() / environment
    reason = peers_folder() / f"{environment}.failed"
    stamp = folder / STAMP
    if stamp.exists() and json.loads(stamp.read_text()) == installs:
        return "up to date"
    shutil.rmtree(folder, ignore_errors=True)
    reason.unlink(missing_ok=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    for arguments in installs:
        done = subprocess.run(
            [str(folder / "bin" / "pip"), "install", "--quiet", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
            reason.write_text("does not install: " + (errors or done.stdout.splitlines()[-1:])[0])
            return reason.read_text()
    stamp.write_text(json.dumps(installs))
    return "installed"


def main() -> None:
    """Make all, or those that are named."""
    peers: dict[str, list[list[str]]] = json.loads(PEERS.read_text())
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(peers)}; default: all")
    names = parser.parse_args().names or list(peers)
    peers_folder().mkdir(parents=True, exist_ok=True)
    for name in names:
        print(f"{name}: {make(name, peers[name])}", flush=True)


if __name__ == "__main__":
    main()
