"""Numbers as ``%16.8f`` writes them, whole arrays at once: the real columns of extended XYZ.

The sixteen characters of a number are two little-endian words: eight for blanks, sign, digits
and the point, eight for the digits behind it. Words come from tables of four digits, and go back
by multiplications that join neighboring digits, eight at a time. Both ways the result is that of
``%`` and ``float``, to the last digit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from eippot.conventions import Array

#: characters of one number.
WIDTH: Final = 16

Words = npt.NDArray[np.uint64]
_Integers = npt.NDArray[np.int64]

_SCALE: Final = 10**8
#: whole parts below this are in the tables; numbers beyond are rare in structure files.
_LIMIT: Final = 10**4


def format_decimals(values: Array) -> Words | None:
    """Text of every number, shape ``(…, 2)``; None where a number needs more characters.

    Parameters
    ----------
    values
        Shape ``(…)``, any float64.
    """
    scaled = np.minimum(np.abs(values), _LIMIT) * _SCALE
    rounded = np.rint(scaled)
    # The product is rounded, at most to a tie, never beyond: but for ties, it falls as the number.
    exact = (scaled < (_LIMIT - 1) * _SCALE) & (np.abs(scaled - rounded) != 0.5)
    is_exact = bool(exact.all())
    integers = (rounded if is_exact else np.where(exact, rounded, 0.0)).astype(np.int64)
    whole = integers // _SCALE
    words = _join(np.signbit(values), whole, integers - _SCALE * whole)
    return words if is_exact else _amend(words, values, ~exact)


def parse_decimals(words: Words) -> Array | None:
    """Numbers ``(…)`` of texts ``(…, 2)``, to the last bit what ``float`` makes of them.

    None where some text is not what :func:`format_decimals` writes for a number below 10,000.
    """
    characters = words[..., 0] << np.uint64(8)  # without the point
    is_digit = (characters >> np.uint64(4)) & _LOWEST_BITS  # neither a blank nor a minus
    is_minus = characters & ~is_digit & _LOWEST_BITS
    whole = _number(characters & (is_digit * np.uint64(0x0F)))
    fraction = _number(words[..., 1] & np.uint64(0x0F0F0F0F0F0F0F0F))
    if whole.max(initial=0) >= _LIMIT or fraction.max(initial=0) >= _SCALE:
        return None
    negative = is_minus != 0
    if not np.array_equal(_join(negative, whole, fraction), words):
        return None
    # Both integers are exact, so that their quotient is rounded as ``float`` rounds.
    values = (whole * _SCALE + fraction) / _SCALE
    return np.where(negative, -values, values)


def _join(negative: npt.NDArray[np.bool_], whole: _Integers, fraction: _Integers) -> Words:
    high = fraction // 10000
    low = fraction - 10000 * high
    words = np.empty((*whole.shape, 2), dtype="<u8")
    words[..., 0] = _WHOLE[whole + _LIMIT * negative]
    words[..., 1] = _FOUR_DIGITS[high] | (_FOUR_DIGITS[low] << np.uint64(32))
    return words


def _number(digits: Words) -> _Integers:
    """Join eight digits 0–9, the first one in the lowest byte of a word."""
    pairs = (digits * np.uint64(10) + (digits >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    fours = (pairs * np.uint64(100) + (pairs >> np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    eight = (fours * np.uint64(10000) + (fours >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
    return eight.view(np.int64)


def _amend(words: Words, values: Array, where: npt.NDArray[np.bool_]) -> Words | None:
    texts = [b"%*.8f" % (WIDTH, value) for value in values[where].tolist()]
    if any(len(text) > WIDTH for text in texts):
        return None
    words[where] = np.frombuffer(b"".join(texts), dtype="<u8").reshape(-1, 2)
    return words


def _tables() -> tuple[Words, Words]:
    numbers = tuple(range(_LIMIT))
    negative = tuple(b"-%d" % number for number in numbers)
    four = (b"%04d" * _LIMIT) % numbers
    whole = (b"%7d." * _LIMIT) % numbers + (b"%7b." * _LIMIT) % negative
    return np.frombuffer(four, "<u4").astype(np.uint64), np.frombuffer(whole, "<u8").copy()


_LOWEST_BITS: Final = np.uint64(0x0101010101010101)
_FOUR_DIGITS, _WHOLE = _tables()
