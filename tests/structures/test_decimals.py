"""Numbers in columns of sixteen characters: what ``%`` writes and what ``float`` reads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eippot.structures.decimals import format_decimals, parse_decimals

#: the same examples each time, on machines of any speed.
SETTINGS = settings(deadline=None, derandomize=True, database=None)

NEAR_TIES = st.builds(
    lambda eighths, power: eighths / 8 * 10.0**power,
    st.integers(-(10**6), 10**6),
    st.integers(-9, 3),
)
NUMBERS = st.lists(st.floats() | st.floats(-1e4, 1e4) | NEAR_TIES, min_size=1, max_size=20)
CHARACTERS = st.text("0123456789-+.e naif", min_size=16, max_size=16)


def _words(texts: list[bytes]) -> np.ndarray:
    return np.frombuffer(b"".join(texts), dtype="<u8").reshape(-1, 2)


@given(NUMBERS)
@SETTINGS
def test_formats_as_percent_does(values: list[float]) -> None:
    texts = [b"%16.8f" % value for value in values]
    words = format_decimals(np.array(values))
    if max(map(len, texts)) > 16:
        assert words is None
    else:
        assert words is not None
        assert words.tobytes() == b"".join(texts)


@given(NUMBERS)
@SETTINGS
def test_parses_as_float_does(values: list[float]) -> None:
    texts = [text for value in values if len(text := b"%16.8f" % value) == 16]
    found = parse_decimals(_words(texts))
    if found is not None:
        np.testing.assert_array_equal(found, [float(text) for text in texts])
        np.testing.assert_array_equal(np.signbit(found), [b"-" in text for text in texts])
    else:
        assert any(abs(float(text)) >= 9999 or not np.isfinite(float(text)) for text in texts)


@given(CHARACTERS)
@SETTINGS
def test_takes_nothing_but_its_own_form(text: str) -> None:
    found = parse_decimals(_words([text.encode()]))
    if found is not None:
        assert f"{found[0]:16.8f}" == text


@pytest.mark.parametrize("value", [0.5e-8, 1.5e-8, 2.5e-8, 1 / 512, -1e-12, -0.0, 9999.999999996])
def test_ties_and_signs(value: float) -> None:
    words = format_decimals(np.array([value]))
    assert words is not None
    assert words.tobytes() == b"%16.8f" % value
