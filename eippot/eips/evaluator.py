"""What makes labels: on this machine, or on those of a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType

from eippot.eips.base import Outcome
from eippot.eips.frame import Frame
from eippot.eips.messages import Opened
from eippot.eips.schedule import Entry
from eippot.eips.source import EIPSource
from eippot.errors import EIPError, EippotError

Finished = list[tuple[Entry, Outcome]]
Keep = Callable[[Sequence[Entry], bytes], None]


class Evaluator(ABC):
    """Evaluates EIPs; a context manager that leaves no process behind.

    Parameters
    ----------
    sources
        The EIPs, referred to by their index from here on.
    """

    def __init__(self, sources: Sequence[EIPSource]) -> None:
        self.sources = tuple(sources)

    def __enter__(self) -> Evaluator:
        return self

    @abstractmethod
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    @abstractmethod
    def open_each(self) -> list[Opened]:
        """Open every EIP once, and ask for the species that it knows, or what is wrong with it."""

    @abstractmethod
    def evaluate(
        self,
        frames: Sequence[Frame],
        entries: Iterable[Entry],
        first: Iterable[Entry] = (),
        keep: Keep = lambda entries, packed: None,
    ) -> Iterator[Finished]:
        """Evaluate entries, in no particular order; an EIP that was given up stays so.

        Parameters
        ----------
        frames
            The structures that entries refer to.
        entries
            What to evaluate; each once.
        first
            Further entries, to be begun before the others.
        keep
            Called with entries that were tried and their packed outcomes, before these are yielded.

        Yields
        ------
        list of (Entry, Outcome)
            What has been finished since the last time.

        Raises
        ------
        EIPError
            Workers cannot be kept alive at all.
        """

    def start(self, workers: int) -> None:  # noqa: B027 - those of a cluster start by themselves
        """Start so many workers, at most all, ahead of any work: each takes a while."""

    def open_all(self) -> list[frozenset[str] | None]:
        """Open every EIP once, and ask for the species that it knows (None: it does not say).

        Raises
        ------
        EippotError
            An EIP cannot be opened; all that cannot are named.
        """
        answers = self.open_each()
        problems = [
            (source, answer.error)
            for source, answer in zip(self.sources, answers, strict=True)
            if answer.error is not None
        ]
        if problems:
            raise _merge(problems)
        return [answer.species for answer in answers]


def _merge(problems: Sequence[tuple[EIPSource, EippotError]]) -> EippotError:
    """One error for all EIPs that cannot be opened; of their common kind if they have one."""
    lines = [f"EIP `{source.name}`: {error.message}" for source, error in problems]
    hints = dict.fromkeys(error.hint for _, error in problems if error.hint)
    kinds = {type(error) for _, error in problems}
    kind = kinds.pop() if len(kinds) == 1 else EIPError
    return kind("\n".join(lines), "\n".join(hints))
