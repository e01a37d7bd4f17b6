"""Errors that are meant for a person: what was expected, what was found, where, and what to do."""

from __future__ import annotations


class EippotError(Exception):
    """Base of every error that eippot raises on bad input.

    Parameters
    ----------
    message
        What is wrong, in one sentence: expected, got, and where.
    hint
        What to do about it; shown on a line of its own.

    Attributes
    ----------
    known_to_all
        Whether all processes of a training have raised it together.
    """

    known_to_all = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigError(EippotError):
    """A configuration file or option is wrong."""


class DataError(EippotError):
    """A structure file, a label or a data set cannot be used."""


class EIPError(EippotError):
    """An empirical interatomic potential cannot be found, set up or evaluated."""


class ModelError(EippotError):
    """A checkpoint or an exported model cannot be read, or does not fit the structure."""


class MissingDependencyError(EippotError):
    """An optional part (KIM, LAMMPS, a compiler) is not installed."""


class ExtrapolationWarning(UserWarning):
    """Atoms are in neighborhoods that the model was not trained on, or its members disagree."""


def one_line(error: BaseException) -> str:
    """Text of an error of any kind, without line breaks, to be quoted in another sentence."""
    return " ".join(str(error).split())
