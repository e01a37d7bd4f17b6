"""torch-sim: a batch says what the calculator says of each structure, and moves as it should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms

from eippot import EippotCalculator
from eippot.deployment.exported import energies_and_gradient
from eippot.errors import ModelError
from eippot.testing.structures import cluster, isolated_atom, one_atom_cell, periodic, small_cell

ts = pytest.importorskip("torch_sim", reason="pip install 'eippot[torch-sim]'")
from eippot import EippotTorchSimModel  # noqa: E402 (needs torch-sim)

BATCH = (periodic, small_cell, one_atom_cell)


@pytest.fixture(scope="module")
def model(exported: Path) -> EippotTorchSimModel:
    return EippotTorchSimModel(exported)


def _state(*structures: Atoms) -> object:
    return ts.initialize_state(list(structures), torch.device("cpu"), torch.float64)


def test_a_batch_equals_the_calculator(model: EippotTorchSimModel, exported: Path) -> None:
    structures = [make() for make in BATCH]
    found = model(_state(*structures))
    assert found["stress"].shape == (3, 3, 3)
    first = 0
    for index, atoms in enumerate(structures):
        atoms.calc = EippotCalculator(exported)
        last = first + len(atoms)
        assert float(found["energy"][index]) == pytest.approx(
            atoms.get_potential_energy(), abs=1e-9
        )
        np.testing.assert_allclose(found["forces"][first:last], atoms.get_forces(), atol=1e-9)
        stress = atoms.get_stress(voigt=False)
        np.testing.assert_allclose(found["stress"][index], stress, atol=1e-10)
        first = last


def test_a_state_may_be_a_dictionary(model: EippotTorchSimModel) -> None:
    state = _state(periodic(), small_cell())
    names = ("positions", "cell", "pbc", "atomic_numbers", "system_idx")
    found = model({name: getattr(state, name) for name in names})
    torch.testing.assert_close(found["energy"], model(state)["energy"])


def test_one_evaluation_for_all(
    model: EippotTorchSimModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def counted(*inputs: torch.Tensor) -> object:
        calls.append(inputs)
        return energies_and_gradient(*inputs)  # type: ignore[arg-type]

    monkeypatch.setattr("eippot.deployment.torch_sim.energies_and_gradient", counted)
    model(_state(*(make() for make in BATCH)))
    assert len(calls) == 1


def test_clusters_have_no_stress(model: EippotTorchSimModel, exported: Path) -> None:
    found = model(_state(cluster(), isolated_atom()))
    atoms = cluster()
    atoms.calc = EippotCalculator(exported)
    assert float(found["energy"][0]) == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(found["forces"][: len(atoms)], atoms.get_forces(), atol=1e-9)
    assert torch.isnan(found["stress"]).all()


def test_states_that_the_model_cannot_evaluate(model: EippotTorchSimModel) -> None:
    with pytest.raises(ModelError, match="got Au"):
        model(_state(Atoms("SiAu", positions=[[0, 0, 0], [0, 0, 3]], cell=[9, 9, 9], pbc=True)))
    broken = _state(periodic())
    broken.positions[0, 0] = torch.nan  # type: ignore[attr-defined]
    with pytest.raises(ModelError, match="finite positions"):
        model(broken)


def test_dynamics_without_a_thermostat_conserve_energy(model: EippotTorchSimModel) -> None:
    structures = [periodic(), small_cell()]
    steps = [
        ts.integrate(
            system=structures,
            model=model,
            integrator=ts.nve,
            n_steps=n_steps,
            temperature=300.0,
            timestep=0.0005,
            seed=1,
        )
        for n_steps in (1, 40)
    ]
    totals = [
        s.energy
        + ts.calc_kinetic_energy(momenta=s.momenta, masses=s.masses, system_idx=s.system_idx)
        for s in steps
    ]
    moved = (steps[1].positions - steps[0].positions).abs().max()
    assert moved > 0.01
    torch.testing.assert_close(totals[1], totals[0], atol=1e-3, rtol=0)


def test_relaxation_in_batches(model: EippotTorchSimModel) -> None:
    """Two at a time, as memory would have it."""
    structures = [periodic(), small_cell(), periodic()]
    scalers = ts.autobatching.calculate_memory_scaler
    sizes = [scalers(_state(a), model.memory_scales_with) for a in structures]
    batcher = ts.InFlightAutoBatcher(
        model, memory_scales_with=model.memory_scales_with, max_memory_scaler=sizes[0] + sizes[1]
    )
    before = model(_state(*structures))["energy"]
    relaxed = ts.optimize(
        system=structures,
        model=model,
        optimizer=ts.optimizers.fire,
        convergence_fn=ts.generate_force_convergence_fn(0.5, include_cell_forces=False),
        autobatcher=batcher,
        max_steps=30,
    )
    assert relaxed.n_systems == 3
    assert (relaxed.energy < before).all()
