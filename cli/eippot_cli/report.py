"""How results and errors look in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from eippot.errors import EippotError

console = Console()
error_console = Console(stderr=True)


def print_error(error: EippotError) -> None:
    """Show an error as one block on stderr: what is wrong, and what to do."""
    text = Text(error.message)
    if error.hint:
        text.append(f"\n\n{error.hint}", style="cyan")
    error_console.print(Panel(text, title="eippot: error", title_align="left", border_style="red"))
