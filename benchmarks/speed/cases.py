"""What is measured of whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True)
class Contestant:
    """A program with a model, as it is measured.

    Attributes
    ----------
    name
        How tables call it.
    environment
        Its virtual environment; empty for eippot's own.
    script
        Module of ``benchmarks.speed.contestants``.
    versions
        Distributions whose versions its figures belong to.
    options
        What its script is told of it.
    """

    name: str
    environment: str
    script: str
    versions: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """Something that is measured of some contestants, in turns.

    Attributes
    ----------
    kind
        Function of the contestants' scripts that prepares it.
    setting
        What is the same for all.
    contestants
        Who takes part.
    unit
        Of the figure.
    seconds
        What the measurements of all together may take, about.
    slice_seconds
        Length of one measurement, about.
    """

    kind: str
    setting: dict[str, Any]
    contestants: tuple[Contestant, ...]
    unit: str
    seconds: float
    slice_seconds: float = 1.0

    @property
    def threads(self) -> int:
        """Threads of each contestant."""
        return int(self.setting.get("threads", 1))


SCHNET: Final = {
    "architecture": "schnet",
    "hyperparameters": {"channels": 128, "interactions": 3, "radial_functions": 32},
}
LAYERS: Final = 3
EQUIVARIANT: Final = {
    "architecture": "equivariant",
    "hyperparameters": {"l_max": 1, "channels": 32, "interactions": LAYERS},
}
ARCHITECTURES: Final[dict[str, dict[str, Any]]] = {
    "SchNet-128×3": SCHNET,
    "equivariant": EQUIVARIANT,
    "CGCNN": {"architecture": "cgcnn"},
    "SOAPNet": {"architecture": "soapnet"},
}
OWN: Final = ("torch", "lammps", "numpy")


def own(model: str, compress: bool) -> Contestant:
    """An exported model of eippot."""
    options = ARCHITECTURES[model] | {"compress": compress}
    name = f"eippot {model}, {'compressed' if compress else 'TorchScript'}"
    return Contestant(name, "", "eippot_md", OWN, options)


PLAIN: Final = tuple(own(model, False) for model in ARCHITECTURES)
COMPRESSED: Final = tuple(own(model, True) for model in ARCHITECTURES)
OWN_SCHNET: Final = own("SchNet-128×3", True)
PLAIN_SCHNET: Final = own("SchNet-128×3", False)
OWN_EQUIVARIANT: Final = own("equivariant", True)

SCHNETPACK: Final = Contestant(
    "SchNetPack SchNet-128×3",
    "schnetpack",
    "schnetpack",
    ("schnetpack", "torch"),
    {"channels": 128},
)
GRAPH_PES: Final = tuple(
    Contestant(
        f"graph-pes SchNet-{channels}×3",
        "graph-pes",
        "graph_pes",
        ("graph-pes", "torch"),
        {"channels": channels},
    )
    for channels in (64, 128)
)
MACE: Final = Contestant("MACE 64x0e", "mace", "mace", ("mace-torch", "torch"))
NEQUIP_SIZE: Final = {"l_max": 1, "channels": 32, "layers": LAYERS}
NEQUIP, COMPILED_NEQUIP = (
    Contestant(
        f"NequIP l1-32{', compiled' if compiled else ''}",
        "nequip",
        "nequip",
        ("nequip", "torch"),
        NEQUIP_SIZE | {"compiled": compiled},
    )
    for compiled in (False, True)
)
TRAINED_DEEPMD, DEEPMD = (
    Contestant(
        f"DeePMD-kit se_e2_a{form}", "deepmd", "deepmd", ("deepmd-kit", "tensorflow-cpu", "lammps")
    )
    for form in ("", ", compressed")
)
CLASSICAL: Final = tuple(
    Contestant(name, "", "classical", ("lammps",), {"potential": name})
    for name in ("Stillinger-Weber", "Tersoff", "SNAP")
)
CORE: Final = Contestant("one core", "", "core", ("numpy",))
NEIGHBOR_LISTS: Final = tuple(
    Contestant(
        program, environment, "neighbor_lists", (distribution,), {"program": program.split()[0]}
    )
    for program, environment, distribution in (
        ("ase", "", "ase"),
        ("matscipy", "", "matscipy"),
        ("vesin", "graph-pes", "vesin"),
    )
)

MD_UNIT: Final = "µs/atom/step"
TRAINING_UNIT: Final = "structures/s"
SIZES: Final = (64, 512, 4096, 32768)
#: 32,768 atoms are for those who need less than some hundred µs for each.
QUICK_IN_ASE: Final = COMPRESSED
PEERS_IN_ASE: Final = (SCHNETPACK, *GRAPH_PES, MACE, NEQUIP, COMPILED_NEQUIP)


def md_cases() -> list[Case]:
    """MD in ASE and LAMMPS, on one core and on two ranks."""
    cases = []
    for atoms in SIZES:
        large = atoms == max(SIZES)
        seconds = 60.0 if atoms >= 512 else 25.0
        in_ase = QUICK_IN_ASE if large else (*COMPRESSED, *PLAIN, *PEERS_IN_ASE)
        cases.append(Case("ase", {"atoms": atoms}, in_ase, MD_UNIT, seconds))
        in_lammps = (*COMPRESSED, DEEPMD, *CLASSICAL, *(() if large else PLAIN))
        setting = {"atoms": atoms, "ranks": 1}
        cases.append(Case("lammps", setting, in_lammps, MD_UNIT, seconds))
    for atoms in SIZES[2:]:
        setting = {"atoms": atoms, "ranks": 2}
        cases.append(Case("lammps", setting, (OWN_SCHNET, DEEPMD), MD_UNIT, 25.0, 2.0))
    return cases


TRAINING: Final = {"atoms": 64, "structures": 64, "batch": 8}


def _trained(name: str, options: dict[str, Any]) -> Contestant:
    return Contestant(f"eippot {name}", "", "eippot_training", ("torch", "lightning"), options)


TRAINED_SCHNET: Final = _trained("SchNet-128×3", SCHNET)
TRAINED_EQUIVARIANT: Final = _trained("equivariant", EQUIVARIANT)
#: all triplets within the cutoff, as the peer has them.
GEMNET: Final = {"architecture": "gemnet", "hyperparameters": {"triplet_cutoff": 5.0}}
TRAINED_GEMNET: Final = _trained("GemNet-T", GEMNET)
FAIRCHEM: Final = Contestant(
    "fairchem GemNet-T", "fairchem", "fairchem", ("fairchem-core", "torch")
)
TRAINED: Final = {
    "SchNet": (TRAINED_SCHNET, SCHNETPACK, GRAPH_PES[1], TRAINED_DEEPMD),
    "equivariant": (TRAINED_EQUIVARIANT, NEQUIP, MACE),
    "GemNet": (TRAINED_GEMNET, FAIRCHEM),
}


def training_cases() -> list[Case]:
    """Training with energies and forces, on one and two threads."""
    return [
        Case("training", TRAINING | {"threads": threads}, who, TRAINING_UNIT, 24.0, 2.0)
        for threads in (1, 2)
        for who in TRAINED.values()
    ]


def other_cases() -> list[Case]:
    """Neighbor lists, start-up, memory, errors, exports: what eippot says of itself."""
    lists = Contestant("eippot", "", "eippot_start", ("matscipy", "numpy"))
    start = Contestant("eippot", "", "eippot_start", OWN, SCHNET | {"compress": True})
    return [
        Case("multiply-adds", {}, (CORE,), "1/s", 5.0),
        Case("bandwidth", {}, (CORE,), "bytes/s", 5.0),
        Case("neighbors", {"atoms": 4096}, (lists, *NEIGHBOR_LISTS), "µs/atom", 15.0, 0.5),
        Case("command line", {}, (start,), "s", 5.0),
        Case("first step", {}, (start,), "s", 30.0),
        Case("errors", {"atoms": 512, "precision": "float64"}, COMPRESSED, "eV/Å", 0.0),
        Case("export", {}, (*COMPRESSED, *PLAIN), "s", 10.0),
        Case("memory", {"atoms": 97336, "few_atoms": 512}, (OWN_SCHNET,), "bytes/atom", 0.0),
        Case("many atoms", {"atoms": 1000000}, (OWN_SCHNET,), "s/step", 0.0),
    ]


def all_cases() -> list[Case]:
    """Everything, in the order in which it is measured."""
    return [*other_cases(), *md_cases(), *training_cases()]
