"""Where people read: colour and progress on a terminal, plain lines elsewhere."""

import sys
from typing import TextIO

from rich.console import Console
from rich.table import Table

from bridge.log import colour

PLAIN_WIDTH = 10_000
"""In a file or a pipe nothing is folded: a line is a line."""


def console(stream: TextIO | None = None) -> Console:
    """Standard output (or `stream`), as it is."""
    file = sys.stdout if stream is None else stream
    return Console(file=file, highlight=False, markup=False, width=None if file.isatty() else PLAIN_WIDTH, no_color=not colour(file))


def grid(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """A table without lines; the columns of `right` are numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return table


def show(table: Table) -> None:
    """Print it; without blanks at the ends of lines where nobody sees them."""
    out = console()
    if out.is_terminal:
        out.print(table)
        return
    with out.capture() as captured:
        out.print(table)
    for line in captured.get().splitlines():
        print(line.rstrip())


def agreed(question: str) -> bool:
    """Ask; without a terminal, or without an answer, it is no."""
    if not sys.stdin.isatty():
        return False
    try:
        return input(f"{question} [y/N] ").strip().lower() in {"y", "yes", "j", "ja"}
    except EOFError:
        return False
