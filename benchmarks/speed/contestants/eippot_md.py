"""eippot's exported models, with random weights: MD in ASE and LAMMPS, errors, export, memory."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch

from benchmarks.speed.lammps_md import Lmp, loop_seconds, md_in_lammps, peak_bytes, set_up
from benchmarks.speed.serving import Kinds, Prepared, Setting
from benchmarks.speed.silicon import CUTOFF, NEIGHBORS, crystal, md_in_ase
from eippot import EippotCalculator
from eippot.config.deployment import ExportConfig
from eippot.config.model import BUILT_IN
from eippot.data.store import build_graphs
from eippot.deployment.exported import Metadata
from eippot.graphs.batch import StructureBatch
from eippot.models.potential import Potential
from eippot.models.prediction import predict
from eippot.models.saved import ModelCard, build_potential, save_model
from eippot.stages import export

#: an isolated atom [eV], as DFT has it.
REFERENCE: Final = -100.0
#: root mean square of a component of forces in silicon at room temperature [eV/Å].
FORCES: Final = 0.5


def save_random(setting: Setting, folder: Path) -> int:
    """Write a run directory as ``eippot finetune`` does, with random weights; give their number.

    Energies are scaled so that forces are as large as in silicon.
    """
    config = BUILT_IN[setting["architecture"]](cutoff=CUTOFF, **setting.get("hyperparameters", {}))
    card = ModelCard(
        kind="potential",
        model=config,
        species=("Si",),
        reference_energies={"Si": REFERENCE},
        average_neighbors=NEIGHBORS,
        scale=1.0,
        outputs=("energy",),
        dtype=setting.get("precision", "float32"),
    )
    scale = FORCES / float(_forces(_random_potential(card), card.dtype).std())
    card = card.model_copy(update={"scale": scale})
    potential = _random_potential(card)
    save_model(folder, card, potential)
    return sum(weight.numel() for weight in potential.parameters())


def _random_potential(card: ModelCard) -> Potential:
    torch.manual_seed(0)
    return build_potential(card)


def _forces(potential: Potential, precision: str) -> torch.Tensor:
    graphs = build_graphs([crystal(64)], ["Si"], CUTOFF, getattr(torch, precision))
    batch = StructureBatch.of(graphs.batch())
    found = predict(potential, batch, with_forces=True, with_stress=False, create_graph=False)
    assert found.forces is not None
    return found.forces


def exported(setting: Setting, folder: Path, compress: bool) -> tuple[Path, Metadata, int]:
    """The file, what it says of itself, and how many weights it has."""
    weights = save_random(setting, folder / "run")
    path = folder / ("compressed.pt" if compress else "plain.pt")
    result = export.run(ExportConfig(runs=(folder / "run",), output=path, compress=compress))
    return path, result.metadata, weights


def ase(setting: Setting) -> Prepared:
    """MD with EippotCalculator."""
    with tempfile.TemporaryDirectory() as folder:
        path, _, weights = exported(setting, Path(folder), setting["compress"])
        calculator = EippotCalculator(path)
    return Prepared(md_in_ase(calculator, setting), {"weights": weights})


def lammps(setting: Setting) -> Prepared:
    """MD with pair_style eippot."""
    folder = Path(tempfile.mkdtemp())
    path, metadata, weights = exported(setting, folder, setting["compress"])
    prepared = md_in_lammps(_commands(path), setting, folder)
    prepared.facts |= {
        "weights": weights,
        "bins": metadata.table_bins,
        "energy error": metadata.table_energy_error,
        "force error": metadata.table_force_error,
    }
    return prepared


def _commands(model: Path) -> str:
    return f"pair_style eippot\npair_coeff * * {model} Si"


def errors(setting: Setting) -> Prepared:
    """Largest difference of forces [eV/Å] that compression makes in ASE; energies are a fact."""
    atoms = crystal(setting["atoms"])
    energies, forces = [], []
    with tempfile.TemporaryDirectory() as folder:
        for compress in (False, True):
            path, _, _ = exported(setting, Path(folder), compress)
            atoms.calc = EippotCalculator(path)
            energies.append(atoms.get_potential_energies())
            forces.append(atoms.get_forces())
    energy = float(abs(np.mean(energies[1] - energies[0])))
    largest = float(np.abs(forces[1] - forces[0]).max())
    return Prepared(lambda seconds: largest, {"energy": energy, "forces": float(forces[0].std())})


def memory(setting: Setting) -> Prepared:
    """Memory per atom beyond LAMMPS' own [bytes]; the libraries that are loaded are a fact."""
    folder = Path(tempfile.mkdtemp())
    path, _, _ = exported(setting, folder, setting["compress"])

    def peak(potential: str, n_atoms: int) -> float:
        lmp = Lmp(1, folder)
        output = lmp(f"{set_up(potential, n_atoms)}\ninfo memory")
        lmp.close()
        return peak_bytes(output)

    own = f"pair_style zero {CUTOFF:g} full\npair_coeff * *"
    small = peak(_commands(path), setting["few_atoms"]) - peak(own, setting["few_atoms"])

    def measure(seconds: float) -> float:
        large = peak(_commands(path), setting["atoms"]) - peak(own, setting["atoms"])
        more = setting["atoms"] - setting["few_atoms"]
        return (large - small) / float(more)

    return Prepared(measure, {"libraries": small})


def many_atoms(setting: Setting) -> Prepared:
    """One step of a large crystal in LAMMPS [s]; the memory that it took is a fact [bytes]."""
    folder = Path(tempfile.mkdtemp())
    path, _, _ = exported(setting, folder, setting["compress"])
    lmp = Lmp(1, folder)
    output = lmp(f"{set_up(_commands(path), setting['atoms'])}\ninfo memory")
    facts = {"bytes": peak_bytes(output)}
    return Prepared(lambda seconds: loop_seconds(lmp("run 1 pre no")), facts, lmp.close)


def export_time(setting: Setting) -> Prepared:
    """Time to export [s]; the size of the file is a fact."""
    folder = Path(tempfile.mkdtemp())
    path, _, _ = exported(setting, folder, setting["compress"])

    def measure(seconds: float) -> float:
        began = time.perf_counter()
        config = ExportConfig(runs=(folder / "run",), output=path, compress=setting["compress"])
        export.run(config)
        return time.perf_counter() - began

    return Prepared(measure, {"bytes": path.stat().st_size})


KINDS: Kinds = {
    "ase": ase,
    "lammps": lammps,
    "errors": errors,
    "memory": memory,
    "many atoms": many_atoms,
    "export": export_time,
}
