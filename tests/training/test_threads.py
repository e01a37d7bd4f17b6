"""The number of threads is the one on which a step is fastest."""

from __future__ import annotations

import pytest
import torch

from eippot.training import threads


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({1: 1.0, 2: 2.4}, 1),
        ({1: 1.0, 2: 0.95}, 1),  # not worth a core
        ({1: 1.0, 2: 0.6, 4: 0.4, 8: 0.5}, 4),
        ({1: 1.0, 2: 0.6, 4: 0.4, 8: 0.2}, 8),
    ],
)
def test_more_threads_have_to_pay(
    seconds: dict[int, float], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    monkeypatch.setattr(threads, "_SECONDS", 0.0)
    monkeypatch.setattr(threads, "_available", lambda: 8)
    monkeypatch.setattr(threads, "_time", lambda step: seconds[torch.get_num_threads()])
    assert threads.fastest_number_of_threads(lambda: None) == expected
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("variable", "expected"), [("1", 1), ("3", 3)])
def test_omp_num_threads_is_the_limit(
    variable: str, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert threads._available() == expected
