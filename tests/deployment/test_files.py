"""Exported files: what is written is what was meant, and damaged files are refused."""

from __future__ import annotations

import json
import shutil
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from eippot.config.deployment import ExportConfig
from eippot.deployment.exported import FORMAT_VERSION, evaluate
from eippot.deployment.files import check_self_test, open_exported
from eippot.deployment.self_test import self_test_inputs, self_test_structure
from eippot.errors import ModelError
from eippot.stages import export
from eippot.testing.results import batch_of
from eippot.testing.structures import REFERENCE_ENERGIES, SPECIES, periodic
from eippot.testing.subject import Precision
from tests.networks import export_potential, potential, save_run


class Stranger(nn.Module):
    """Somebody else's model; with a version it claims to be ours."""

    def __init__(self, version: int | None = None) -> None:
        super().__init__()
        if version is not None:
            self.format_version: int = version

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x


def _script(path: Path, model: nn.Module) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(model), str(path))
    return path


def _tampered(source: Path, target: Path, name: str, change: float) -> Path:
    """A copy of an exported file with one tensor multiplied."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model = torch.jit.load(str(source))  # type: ignore[no-untyped-call]
        tensors = dict(model.named_parameters()) | dict(model.named_buffers())
        with torch.no_grad():
            tensors[name].mul_(change)
        torch.jit.save(model, str(target))
    return target


def test_the_file_computes_what_the_potential_computes(
    tmp_path: Path, precision: Precision
) -> None:
    path = export_potential(tmp_path / "model.pt", precision.name)
    model, metadata = open_exported(path)
    assert metadata.dtype == precision.name
    batch = batch_of([periodic()], torch.float64)
    found = evaluate(model, batch.species, batch.edge_index, batch.edge_vectors)
    vectors = batch.edge_vectors.to(precision.dtype)
    relative = potential(dtype=precision.dtype)(batch.species, batch.edge_index, vectors)[:, 0]
    references = torch.tensor([REFERENCE_ENERGIES[SPECIES[int(s)]] for s in batch.species])
    expected = relative.detach().double() + references
    assert found.atomic_energies.dtype == torch.float64
    torch.testing.assert_close(
        found.atomic_energies - references,
        expected - references,
        rtol=0,
        atol=precision.tolerance * relative.abs().max().item(),
    )


def test_the_metadata_can_be_read_without_torch(exported: Path) -> None:
    with zipfile.ZipFile(exported) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith("extra/metadata.json")]
        content = json.loads(archive.read(name))
    assert content["species"] == SPECIES
    assert content["format_version"] == FORMAT_VERSION
    assert content["cutoff"] == 4.0


def test_a_sound_file_passes_its_self_test(exported: Path) -> None:
    model, metadata = open_exported(exported)
    deviations = check_self_test(model, metadata, exported)
    assert set(deviations) == {"energy", "forces", "virial"}
    assert max(deviations.values()) < 1e-12


@pytest.mark.parametrize(
    "name",
    [
        "selftest_energy",
        "selftest_forces",
        "selftest_virial",
        "selftest_edge_vectors",
        "potential.heads.layers.2.weight",
        "potential.representation.embedding.weight",
        "potential.scale",
    ],
)
@pytest.mark.parametrize("change", [1.001, float("nan")])
def test_tampered_tensors_are_found(
    exported: Path, tmp_path: Path, name: str, change: float
) -> None:
    path = _tampered(exported, tmp_path / "tampered.pt", name, change)
    with pytest.raises(ModelError, match="self-test .* fails here"):
        open_exported(path)


def test_changed_reference_energies_are_found(exported: Path, tmp_path: Path) -> None:
    path = _tampered(exported, tmp_path / "tampered.pt", "reference_energies", 1.01)
    with pytest.raises(ModelError, match="self-test .* fails here"):
        open_exported(path)


@pytest.mark.parametrize("damage", ["empty", "text", "cut", "zip"])
def test_not_a_torchscript_file(exported: Path, tmp_path: Path, damage: str) -> None:
    path = tmp_path / "model.pt"
    content = exported.read_bytes()
    if damage == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", "hello")
    else:
        path.write_bytes({"empty": b"", "text": b"hello", "cut": content[:2000]}[damage])
    with pytest.raises(ModelError, match="is not an exported model, or is damaged"):
        open_exported(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"No exported model at .*absent\.pt"):
        open_exported(tmp_path / "absent.pt")


def test_torchscript_of_somebody_else(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="TorchScript file, but no model exported by eippot"):
        open_exported(_script(tmp_path / "other.pt", Stranger()))


def test_another_format_version(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"Expected format version {FORMAT_VERSION} .* got 99"):
        open_exported(_script(tmp_path / "new.pt", Stranger(99)))


def test_our_version_without_the_rest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is not a complete exported model"):
        open_exported(_script(tmp_path / "partial.pt", Stranger(FORMAT_VERSION)))


def test_float64_export_of_a_float32_run(tmp_path: Path) -> None:
    """Smoother by the rounding, else the same; forces are then exact to finite differences."""
    run = save_run(tmp_path / "run")
    inputs = self_test_inputs(SPECIES, 4.0)
    found = {}
    for precision in ("float32", "float64"):
        path = tmp_path / f"{precision}.pt"
        config = ExportConfig(runs=(run,), output=path, precision=precision)
        assert export.run(config).metadata.dtype == precision
        found[precision] = evaluate(open_exported(path)[0], *inputs)
    one, other = found["float32"], found["float64"]
    torch.testing.assert_close(one.forces, other.forces, rtol=0, atol=1e-5)
    torch.testing.assert_close(one.atomic_energies, other.atomic_energies, rtol=0, atol=1e-5)
    assert not torch.equal(one.forces, other.forces)


def test_a_failed_export_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_text("old")
    (tmp_path / "file").write_text("")
    config = ExportConfig(runs=(save_run(tmp_path / "run"),), output=tmp_path / "file" / "a.pt")
    with pytest.raises(ModelError, match="Cannot write"):
        export.run(config)
    assert (tmp_path / "model.pt").read_text() == "old"


def test_a_file_can_be_moved(exported: Path, tmp_path: Path) -> None:
    shutil.copy(exported, tmp_path / "si carbide ü.pt")
    assert open_exported(tmp_path / "si carbide ü.pt")[1].species == SPECIES


@pytest.mark.parametrize("species", [["Si"], ["C", "Si"], ["H", "C", "N", "O", "F"] * 4])
def test_the_self_test_structure_holds_every_species(species: list[str]) -> None:
    atoms = self_test_structure(species)
    assert set(atoms.get_chemical_symbols()) == set(species)
    assert len(atoms) >= 8
    again = self_test_structure(species)
    assert (atoms.positions == again.positions).all()


class Asks(nn.Module):
    """Whether TorchScript would optimize, and so compile, what runs."""

    optimizes: bool | None = None

    def forward(self, species: Tensor, edge_index: Tensor, edge_vectors: Tensor) -> Tensor:
        self.optimizes = torch._C._get_graph_executor_optimize()
        return torch.zeros(len(species)) + edge_vectors.sum()


def test_nothing_is_compiled_for_each_new_number_of_edges() -> None:
    asks = Asks()
    evaluate(asks, *self_test_inputs(SPECIES, 3.0))
    assert asks.optimizes is False
    assert torch._C._get_graph_executor_optimize()  # as it was before
