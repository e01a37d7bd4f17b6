"""Errors as a person reads them."""

from __future__ import annotations

from eippot.errors import EIPError, one_line


def test_an_error_is_quoted_on_one_line() -> None:
    error = EIPError("There is no model `SW`.", "Near to it:\n  SW_1\n  SW_2\n")
    assert one_line(error) == "There is no model `SW`. Near to it: SW_1 SW_2"
    assert one_line(ValueError()) == ""
