"""A Dask cluster makes the same labels, whatever becomes of its workers."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dask
import psutil
import pytest
from ase import Atoms
from distributed import Client, LocalCluster

from eippot.config.label import LabelConfig
from eippot.eips.base import Status
from eippot.eips.cluster_worker import Pools
from eippot.eips.table import LabelProgress
from eippot.errors import ConfigError, EIPError, MissingDependencyError
from eippot.stages.label import LabelResult, run
from eippot.structures.io import write_structures

COUNT = 60
EIPS = {
    "slow": "ase:faulty_calculators.Faulty?seconds=0.03",
    "abort": "ase:faulty_calculators.Faulty?fault=abort&at=[7]",
    "dead": "ase:faulty_calculators.Faulty?fault=exit",
}


@pytest.fixture(autouse=True, scope="module")
def _importable() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "eips"))
        yield


def _label(
    folder: Path, report: Callable[[LabelProgress], None] = lambda _: None, **options: Any
) -> LabelResult:
    folder.mkdir(exist_ok=True)
    pairs = [Atoms("Si2", positions=[[i, 0, 0], [i, 2, 0]], info={"n": i}) for i in range(COUNT)]
    write_structures(folder / "in.extxyz", pairs)
    paths = {"input": folder / "in.extxyz", "output": folder / "out.extxyz", "workers": 2}
    usual = {"eips": EIPS, "give_up_after": 5}
    return run(LabelConfig.model_validate(paths | usual | options), report)


def _left(folder: Path) -> tuple[bytes, list[bytes]]:
    """Labels, and why others are missing."""
    failures = (folder / "failures.csv").read_bytes().splitlines()
    return (folder / "out.extxyz").read_bytes(), failures


@pytest.fixture(scope="module")
def cluster(_importable: None) -> Iterator[LocalCluster]:
    """Two workers, each in a process of its own."""
    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(**settings, silence_logs=logging.CRITICAL) as cluster:
        yield cluster


def test_a_killed_worker_costs_nothing(tmp_path: Path, cluster: LocalCluster) -> None:
    """Also of what crashes: the same bytes as without a cluster, and the end of a dead EIP."""
    _label(tmp_path / "here")
    killed: list[int] = []

    def kill_one(progress: LabelProgress) -> None:
        if 10 < progress.done < progress.total and not killed:
            with Client(cluster) as client:
                killed.append(min(client.run(os.getpid).values()))
            os.kill(killed[0], signal.SIGKILL)

    _label(tmp_path / "there", kill_one, cluster=cluster.scheduler_address)
    assert killed
    (labels, failures), (expected, others) = (_left(tmp_path / name) for name in ("there", "here"))
    assert labels == expected
    alive = [line for line in failures if b",dead," not in line]
    assert alive == [line for line in others if b",dead," not in line]
    assert any(b",abort,failed,the worker was killed by SIGABRT" in line for line in alive)
    assert sum(b"not tried: 5 evaluations in a row" in line for line in failures) > COUNT // 2


def test_interrupted_it_goes_on(tmp_path: Path, cluster: LocalCluster) -> None:
    """With a cluster or without; the workers of the cluster are left idle."""
    made: list[int] = []

    def interrupt(progress: LabelProgress) -> None:
        made.append(progress.done)
        if len(made) > 3:
            raise KeyboardInterrupt

    only: Any = {"eips": {"slow": EIPS["slow"]}}
    address = str(tmp_path / "scheduler.json")
    Path(address).write_text(json.dumps({"address": cluster.scheduler_address}))
    with pytest.raises(KeyboardInterrupt):
        _label(tmp_path, interrupt, cluster=address, **only)
    with Client(cluster) as client:
        assert not any(client.run(_count_children).values())
    result = _label(tmp_path, **only)
    assert result.already_done >= made[-1] > 0
    assert result.n_labels == COUNT
    assert not (tmp_path / "out.extxyz.journal").exists()


def test_a_task_that_comes_after_the_end_finds_no_pool(tmp_path: Path) -> None:
    worker: Any = SimpleNamespace(local_directory=str(tmp_path))
    pools = Pools((), {})
    pools.setup(worker)
    assert pools.own() is pools.own()
    pools.teardown(worker)
    with pytest.raises(EIPError, match="The run that this belongs to has ended"):
        pools.own()


def _count_children() -> int:
    return len(psutil.Process().children())


@pytest.mark.parametrize("named", ["tcp://127.0.0.1:1", "nowhere", "absent.json"])
def test_no_scheduler_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    monkeypatch.setattr("eippot.eips.cluster._ANSWER", "1s")
    with pytest.raises(ConfigError, match=f"that answers, got {named}: "):
        _label(tmp_path, cluster=named)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.extxyz"]


def test_no_slurm_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match="Expected the command `sbatch`"):
        _label(tmp_path, cluster="slurm")


def test_no_description_of_jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sbatch").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigError, match=r"jobs in ~/\.config/dask/jobqueue\.yaml"):
        _label(tmp_path / "here", cluster="slurm")


@pytest.mark.parametrize(
    ("missing", "cluster"), [("distributed", "local"), ("dask_jobqueue", "slurm")]
)
def test_without_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, cluster: str
) -> None:
    monkeypatch.delitem(sys.modules, "eippot.eips.cluster", raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingDependencyError, match="[Dd]ask") as error:
        _label(tmp_path, cluster=cluster)
    assert error.value.hint == "pip install 'eippot[cluster]'"


def test_jobs_of_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job is a script, here run at once."""
    for name, script in (
        (
            "sbatch",
            'cp "$1" "$0.job"\nsh "$0.job" >/dev/null 2>&1 &\necho "Submitted batch job $!"',
        ),
        ("scancel", 'kill "$@"'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    described = {"cores": 1, "memory": "1GB", "scheduler-options": {"dashboard_address": ":0"}}
    with dask.config.set({f"jobqueue.slurm.{name}": given for name, given in described.items()}):
        eips = {"one": "ase:faulty_calculators.Faulty"}
        result = _label(tmp_path / "run", cluster="slurm", workers=1, eips=eips)
    assert result.eips[0].counts[Status.OK] == COUNT
