"""`bridge.commands.terminal`."""

import io

import pytest

from bridge.commands.terminal import agreed, console, grid, show


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_plain_lines_that_are_never_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another program reads is one line a record, whatever its length."""
    monkeypatch.setenv("COLUMNS", "20")
    out = io.StringIO()
    console(out).print("x" * 500, style="red")
    assert out.getvalue() == "x" * 500 + "\n"


def test_what_looks_like_markup_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """A user called [red] is no colour."""
    console().print("[red]name[/red]")
    assert capsys.readouterr().out == "[red]name[/red]\n"


def test_a_table_in_a_pipe_has_no_blanks_at_the_ends(capsys: pytest.CaptureFixture[str]) -> None:
    rows = grid("name", "number", right=("number",))
    rows.add_row("a", "1")
    rows.add_row("long name", "[2]")
    show(rows)
    assert capsys.readouterr().out == "name       number\na               1\nlong name     [2]\n"


@pytest.mark.parametrize("answer, yes", [("y\n", True), ("YES \n", True), ("\n", False), ("no\n", False), ("", False)])
def test_only_a_yes_is_one(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: str, yes: bool) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert agreed("Really?") is yes
    assert "Really? [y/N]" in capsys.readouterr().out


def test_nobody_there_is_no_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that pipes something in has not been asked."""
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert not agreed("Really?")
