from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture
def exact_e3nn() -> Iterator[None]:
    """Constants of e3nn have the default number format; here they are float64."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
