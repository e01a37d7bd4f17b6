"""What happens to files: parts that go, come twice, change, or are put in by somebody."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_ALWAYS: Final = settings(
    database=None,
    deadline=timedelta(seconds=30),
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("suite", _ALWAYS, max_examples=20, derandomize=True)
settings.register_profile("long", _ALWAYS, max_examples=900)
#: the same few examples each time, or many new ones with HYPOTHESIS_PROFILE=long (make fuzz).
SETTINGS: Final = settings(settings.get_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite")))

_NUMBERS: Final = [b"0", b"-1", b"1e400", b"nan", b"inf", b"-inf", b"9" * 30, b"9" * 5000, b"1_0"]
_TEXT: Final = [
    *(b"\n", b"\r", b"\x00", b"\t", b" ", b":", b"=", b'"', b"'", b"#", b"\\", b"\xff", b"\xc3"),
    *(b"[" * 2000, b"{" * 2000, b"- " * 2000, b"*a", b"&a ", b"!!python/name:os.system ", b"<<: "),
    *(b"null", b"true", b"{}", b"[]", b"2001-99-99", b"!!int x", b"Lattice", b"Properties="),
    *(b"species:S:1:pos:R:3:x:R:999999999", b"_JSON [[1]]", b"energy=", b"torch.save", b"1000000"),
]


def damaged(content: bytes) -> st.SearchStrategy[bytes]:
    """A content with a few mishaps; at times something else altogether."""
    piece = st.sampled_from(_NUMBERS + _TEXT) | st.binary(max_size=8)
    mishap = st.tuples(st.integers(0, len(content)), st.integers(0, 40), piece)
    return st.lists(mishap, min_size=1, max_size=4).map(lambda all_: _after(content, all_)) | (
        st.binary(max_size=200) | st.integers(0, len(content)).map(lambda end: content[:end])
    )


def _after(content: bytes, mishaps: list[tuple[int, int, bytes]]) -> bytes:
    for place, lost, new in mishaps:
        content = content[:place] + new + content[place + lost :]
    return content
