"""Turn the records of ``dft.py`` into the data file and its card."""

from __future__ import annotations

import hashlib
import io
import lzma
import platform
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ase
import numpy as np
from ase import Atoms
from ase.io import write
from espresso import GAPPED, PSEUDOPOTENTIALS, Settings
from trajectories import MODEL

DATA_NAME = "silicon_dft.extxyz.xz"
CARD_NAME = "silicon_dft.md"
TEMPLATE = Path(__file__).with_name("card_template.md")

Records = Mapping[int, Mapping[str, Any]]


def labelled(structures: Sequence[Atoms], records: Records) -> list[Atoms]:
    """Return the structures that have labels, in the order of the recipe.

    Returns
    -------
    list of Atoms
        ``info``: ``config_type``, ``recipe_index``, ``REF_energy`` [eV] and, for crystals,
        ``REF_stress`` (6,) [eV/Å³]; ``arrays``: ``REF_forces`` (n, 3) [eV/Å]. No calculator.
    """
    done = []
    for index, structure in enumerate(structures):
        record = records.get(index, {"status": "missing"})
        if record["status"] != "ok":
            continue
        atoms = structure.copy()
        atoms.info |= {"recipe_index": index, "REF_energy": record["energy"]}
        atoms.arrays["REF_forces"] = np.array(record["forces"])
        if record["stress"] is not None:
            atoms.info["REF_stress"] = np.array(record["stress"])
        done.append(atoms)
    return done


def compressed(structures: Sequence[Atoms]) -> bytes:
    """Return the structures as xz-compressed extxyz."""
    text = io.StringIO()
    write(text, list(structures), format="extxyz")
    return lzma.compress(text.getvalue().encode(), preset=9 | lzma.PRESET_EXTREME)


def collect(
    structures: Sequence[Atoms], records: Records, settings: Settings, source: Path, target: Path
) -> None:
    """Write the data file and its card.

    Parameters
    ----------
    structures
        The list of the recipe.
    records
        Records by index.
    settings
        What the labels were made with.
    source
        Folder of the records; ``convergence.md`` there goes into the card.
    target
        Folder to write to.
    """
    atoms = labelled(structures, records)
    data = compressed(atoms)
    table = source / "convergence.md"
    (target / DATA_NAME).write_bytes(data)
    card = TEMPLATE.read_text().format(
        count=len(atoms),
        size=f"{len(data) / 1024:.0f}",
        sha256=hashlib.sha256(data).hexdigest(),
        listed=len(structures),
        complete=complete_beginning(records),
        kinds=kinds_table(atoms, Counter(a.info["config_type"] for a in structures)),
        failures=failures(records),
        settings=settings,
        gapped=", ".join(sorted(GAPPED)),
        convergence=table.read_text().strip() if table.exists() else "(not made yet)",
        versions=versions(settings),
        hours=f"{sum(record['seconds'] for record in records.values()) / 3600:.1f}",
        model=MODEL,
    )
    (target / CARD_NAME).write_text(card)
    print(f"{len(atoms)} structures  ->  {target / DATA_NAME}, {target / CARD_NAME}")


def complete_beginning(records: Records) -> int:
    """Return how many structures at the beginning of the list were all computed."""
    return next(index for index in range(len(records) + 1) if index not in records)


def kinds_table(structures: Iterable[Atoms], listed: Mapping[str, int]) -> str:
    """Return counts, sizes and energies per kind, relative to the lowest energy per atom."""
    groups: dict[str, list[Atoms]] = defaultdict(list)
    for atoms in structures:
        groups[atoms.info["config_type"]].append(atoms)
    zero = min(a.info["REF_energy"] / len(a) for group in groups.values() for a in group)
    lines = [
        "| config_type | structures | of the list | atoms each "
        "| energy, lowest / median / highest [eV/atom] | largest force [eV/Å] |",
        "|---|---|---|---|---|---|",
    ]
    for name, group in sorted(groups.items()):
        energies = [a.info["REF_energy"] / len(a) - zero for a in group]
        sizes = sorted({len(a) for a in group})
        force = max(np.linalg.norm(a.arrays["REF_forces"], axis=1).max() for a in group)
        low, middle, high = np.percentile(energies, [0, 50, 100])
        lines.append(
            f"| {name} | {len(group)} | {listed[name]} | {sizes[0]} to {sizes[-1]} "
            f"| {low:.2f} / {middle:.2f} / {high:.2f} | {force:.1f} |"
        )
    return "\n".join(lines)


def failures(records: Records) -> str:
    """Return what failed: number, kinds and reasons."""
    failed = [record for record in records.values() if record["status"] != "ok"]
    careful = sum(r["status"] == "ok" and r["attempt"] == 2 for r in records.values())
    lines = [
        f"{careful} structures converged at the second, careful attempt only; "
        f"{len(failed)} have no label:"
    ]
    for (kind, reason), number in Counter(
        (record["config_type"], record["reason"].split("\n")[0][:100]) for record in failed
    ).most_common():
        lines.append(f"- {number} × {kind}: {reason}")
    return "\n".join(lines)


def versions(settings: Settings) -> str:
    """Return versions of the programs and the hash of the pseudopotential."""
    banner = subprocess.run(["pw.x"], input="", capture_output=True, text=True, check=False)
    program = next((line for line in banner.stdout.splitlines() if "PWSCF" in line), "unknown")
    Path("CRASH").unlink(missing_ok=True)
    Path("input_tmp.in").unlink(missing_ok=True)
    pseudopotential = (PSEUDOPOTENTIALS / settings.pseudopotential).read_bytes()
    return "\n".join(
        [
            f"- Quantum ESPRESSO {program.split()[2]}",
            f"- {settings.pseudopotential} of Debian's `quantum-espresso-data`, SHA-256 "
            f"`{hashlib.sha256(pseudopotential).hexdigest()}`",
            f"- ASE {ase.__version__}, numpy {np.__version__}, Python {platform.python_version()}",
        ]
    )
