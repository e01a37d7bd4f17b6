"""Whatever is wrong ends in one sentence that says so: no crash, no wrong number."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
import torch
from ase import Atoms
from torch import Tensor

from tests.lammps.brute_force import load
from tests.lammps.engine import MEASURE, SET_UP, run, write_structure
from tests.lammps.many_body import ManyBody, write_model

PAIR = "pair_style eippot\n"
COEFF = "pair_coeff * * model.pt Si\n"


class Raising(ManyBody):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        assert species.shape[0] < 10, "too many atoms for this test"
        return edge_vectors.sum() + torch.zeros(species.shape[0], dtype=torch.float64)


class NotFinite(ManyBody):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        zero = torch.zeros(species.shape[0], dtype=torch.float64)
        return zero / (0.0 if species.shape[0] > 10 else 1.0) + 0.0 * edge_vectors.sum()


class OneEnergy(ManyBody):
    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        return edge_vectors.sum().reshape(1)


@pytest.fixture
def folder(tmp_path: Path, silicon64: Atoms) -> Path:
    write_model(tmp_path / "model.pt", ManyBody(species=("Si", "Ge")))
    write_structure(tmp_path, silicon64, ("Si",))
    return tmp_path


def error(folder: Path, script: str, *, ranks: int = 1, units: str = "metal") -> str:
    """The error of an lmp that must fail in good order."""
    set_up = SET_UP.format(boundary="p p p").replace("metal", units)
    output = run(folder, set_up + script + MEASURE, ranks=ranks)
    assert not output.endswith("exit code 0"), output
    for crash in ("terminate called", "Segmentation", "Traceback", "Aborted"):
        assert crash not in output
    (line,) = (line for line in output.splitlines() if line.startswith("ERROR"))
    return line


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("pair_style eippot model.pt\n", "takes no arguments but 'warn', got 'model.pt'"),
        (
            PAIR + "pair_coeff 1 1 model.pt Si\n",
            "Pair_coeff must start with * * for pair style eippot",
        ),
        (PAIR + "pair_coeff * *\n", "Expected 'pair_coeff * * model.pt' and one chemical symbol"),
        (
            PAIR + "pair_coeff * * nowhere.pt Si\n",
            "eippot: cannot find the model file 'nowhere.pt'",
        ),
        (PAIR + "pair_coeff * * model.pt\n", "each of the 1 atom types .*, got 0"),
        (PAIR + "pair_coeff * * model.pt Si Ge\n", "each of the 1 atom types .*, got 2"),
        (PAIR + "pair_coeff * * model.pt Xx\n", "does not know the element 'Xx'; it knows: Si Ge"),
        (PAIR + "pair_coeff * * model.pt NULL\n", "allowed only under 'pair_style hybrid'"),
        (PAIR, "All pair coeffs are not set"),
    ],
)
def test_wrong_input_scripts(folder: Path, script: str, said: str) -> None:
    assert_says(error(folder, script), said)


def test_units_without_a_scale(folder: Path) -> None:
    assert_says(error(folder, PAIR + COEFF, units="lj"), "got 'units lj'; use 'units metal'")


def test_files_that_are_no_model(folder: Path) -> None:
    model = folder / "model.pt"
    whole = model.read_bytes()
    for content in (b"", b"not a model", whole[: len(whole) // 2]):
        model.write_bytes(content)
        assert_says(error(folder, PAIR + COEFF), "'model.pt' is not an exported eippot model")


def test_files_that_are_compiled_for_python(folder: Path) -> None:
    (folder / "model.pt").rename(folder / "model.pt2")
    assert_says(
        error(folder, PAIR + "pair_coeff * * model.pt2 Si\n"), "is compiled for Python; all"
    )


def test_torchscript_that_is_no_export(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(torch.nn.Linear(1, 1)), folder / "model.pt")
    assert_says(error(folder, PAIR + COEFF), "no attribute 'format_version'.*'eippot export'")


def test_a_file_of_another_format(folder: Path) -> None:
    write_model(folder / "model.pt", ManyBody(format_version=1))
    assert_says(error(folder, PAIR + COEFF), "format 2, got format 1; export it again")


@pytest.mark.parametrize("quantity", ["energy", "forces", "virial"])
def test_a_file_that_fails_its_self_test(folder: Path, quantity: str) -> None:
    model = write_model(folder / "model.pt", ManyBody())
    right = getattr(load(model), f"selftest_{quantity}")
    write_model(model, ManyBody(), **{f"selftest_{quantity}": right + 1e-6})
    assert_says(error(folder, PAIR + COEFF), "does not reproduce the self-test .*energy off by")


def test_a_file_with_another_number_of_exchanges(folder: Path) -> None:
    write_model(folder / "model.pt", ManyBody(n_exchanges=2))
    assert_says(error(folder, PAIR + COEFF), "expected 2 exchanges of features, .*, got 1")


def test_a_damaged_self_test(folder: Path) -> None:
    write_model(folder / "model.pt", ManyBody(), selftest_edge_index=torch.full((2, 2), 99))
    assert_says(error(folder, PAIR + COEFF), "the self-test in the model file is damaged")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Raising, "at step 0: the model could not be evaluated: .*too many atoms for this test"),
        (NotFinite, "energy at step 0 is not finite; two atoms may be far too close"),
        (OneEnergy, r"expected atomic energies of the shape \[6\] from the model, got \[1\]"),
    ],
)
def test_models_that_fail(folder: Path, model: type[ManyBody], said: str) -> None:
    write_model(folder / "model.pt", model(n_exchanges=0))
    assert_says(error(folder, PAIR + COEFF), said)


def assert_says(message: str, pattern: str) -> None:
    assert re.search(pattern.replace("* *", r"\* \*"), message), message


def test_an_mpirun_of_another_mpi(folder: Path) -> None:
    """Open MPI's tells each process so; this LAMMPS does not listen."""
    script = SET_UP.format(boundary="p p p") + PAIR + COEFF + MEASURE
    output = run(folder, script, environment={"OMPI_COMM_WORLD_SIZE": "4"})
    assert "mpirun started 4 processes, but each of them is a LAMMPS of its own" in output


def test_a_file_that_only_one_rank_can_read(folder: Path) -> None:
    """Both ranks end, with what the other one has to say."""
    (folder / "model.pt").rename(folder / "model.0")
    coeff = "variable rank getenv PMI_RANK\npair_coeff * * model.${rank} Si\n"
    said = error(folder, PAIR + coeff, ranks=2)
    assert_says(said, "Pair style eippot on rank 1: cannot find the model file 'model.1'")
