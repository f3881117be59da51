"""`bridge.log`."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from bridge import log


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Logging is global: put back what was there."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for name in ("websockets", "ocpp", "mqtt", "aiomqtt", "paho", "asyncio"):
        logging.getLogger(name).setLevel(logging.NOTSET)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    told = capsys.readouterr()
    assert told.out == ""
    return told.err.splitlines()


def failed() -> None:
    """Log an error with its traceback."""
    try:
        int("odd\nthing")
    except ValueError:
        logging.getLogger("bridge").exception("it broke")


def test_a_line_of_the_log_has_time_level_and_place(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, where service managers look."""
    log.set_up("info")
    logging.getLogger("bridge.ocpp").info("garage %s", "connected")
    logging.getLogger("bridge.ocpp").debug("not this")
    (line,) = lines(capsys)
    time, rest = line.split(" ", 1)
    assert len(time) == len("2026-01-31T12:00:00.000Z")
    assert time.endswith("Z")
    assert rest == "INFO    bridge.ocpp garage connected"


def test_whatever_others_write_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A name with a line break can't forge a line of the log, and no control character reaches the terminal."""
    log.set_up("info")
    logging.getLogger("bridge").info("user %s", "a\nERROR b\x1b[31m")
    failed()
    first, second = lines(capsys)
    assert first.endswith("user a\\nERROR b\\x1b[31m")
    assert second.endswith("ERROR   bridge it broke (ValueError: invalid literal for int() with base 10: 'odd\\nthing')")


def test_at_debug_an_error_brings_its_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("debug")
    failed()
    told = lines(capsys)
    assert told[1] == "Traceback (most recent call last):"
    assert any("test_log.py" in line for line in told)


def test_as_json_every_line_is_an_object(capsys: pytest.CaptureFixture[str]) -> None:
    """For log collectors; a traceback is one text in it."""
    log.set_up("debug", as_json=True)
    logging.getLogger("bridge").warning("odd")
    failed()
    first, second = (json.loads(line) for line in lines(capsys))
    assert (first["level"], first["logger"], first["message"]) == ("warning", "bridge", "odd")
    assert second["traceback"].startswith("Traceback (most recent call last):")


def test_an_error_without_words_is_told_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("info")
    logging.getLogger("bridge").error("gone", exc_info=TimeoutError())
    assert lines(capsys)[0].endswith("gone (TimeoutError)")


@pytest.mark.parametrize("library", ["websockets.client", "paho.mqtt", "ocpp", "mqtt"])
def test_libraries_that_would_log_whole_frames_are_quiet(capsys: pytest.CaptureFixture[str], library: str) -> None:
    """Their frames hold whole tags; not even `debug` shows them."""
    log.set_up("debug")
    logging.getLogger(library).debug("> {tag: 04A2B3C4}")
    logging.getLogger(library).info("> {tag: 04A2B3C4}")
    logging.getLogger(library).warning("worth knowing")
    assert [line.split(" ", 1)[1] for line in lines(capsys)] == [f"WARNING {library} worth knowing"]


def test_colour_is_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("info", colour=True)
    logging.getLogger("bridge").warning("odd")
    logging.getLogger("bridge").info("even")
    first, second = lines(capsys)
    assert first.startswith("\x1b[33m")
    assert first.endswith("\x1b[0m")
    assert "\x1b" not in second


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colour_unless_the_person_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://no-color.org: any text in NO_COLOR means none."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert log.colour(Terminal())
    assert not log.colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not log.colour(Terminal())
    monkeypatch.setenv("NO_COLOR", "")
    assert log.colour(Terminal())


def test_warnings_of_python_are_lines_of_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    import warnings

    log.set_up("info")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn_explicit("odd", UserWarning, "file.py", 1)
    assert "py.warnings" in lines(capsys)[0]
    assert sys.stderr is not None
