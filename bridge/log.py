"""The log on standard error: one line each, text or JSON. Tags are masked by whoever writes; libraries that would not are kept quiet."""

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

_QUIET: Mapping[str, int] = {
    # these write whole frames and payloads at DEBUG, tags included; the bridge has its own lines for them
    "websockets": logging.WARNING,
    "ocpp": logging.WARNING,
    "mqtt": logging.WARNING,
    "aiomqtt": logging.WARNING,
    "paho": logging.WARNING,
    "asyncio": logging.INFO,
}

_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}
LEVELS = tuple(_LEVELS)
"""What the configuration and `--log-level` may say."""

_COLOURS = {logging.ERROR: "\x1b[31m", logging.CRITICAL: "\x1b[31m", logging.WARNING: "\x1b[33m", logging.DEBUG: "\x1b[2m"}
_PLAIN = "\x1b[0m"


def colour(stream: TextIO) -> bool:
    """Whether to colour: on a terminal, unless NO_COLOR says no."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def set_up(level: str, *, as_json: bool = False, colour: bool = False) -> None:
    """Send everything of `level` and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else TextLines(colour=colour))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(_LEVELS[level])
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, _LEVELS[level]))
    logging.captureWarnings(capture=True)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    """The message and, where there is one, the error; a line whatever others put into it."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        text += f" ({type(error).__name__}: {error})" if str(error) else f" ({type(error).__name__})"
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


class TextLines(logging.Formatter):
    """`2026-01-31T12:00:00.000Z INFO    bridge.ocpp garage: connected`."""

    def __init__(self, *, colour: bool = False) -> None:
        """`colour` is for terminals."""
        super().__init__()
        self._colour = colour

    def format(self, record: logging.LogRecord) -> str:
        """One line; at DEBUG a traceback follows it."""
        line = f"{_time(record)} {record.levelname:<7} {record.name} {_message(record)}"
        if self._colour and record.levelno in _COLOURS:
            line = f"{_COLOURS[record.levelno]}{line}{_PLAIN}"
        if record.exc_info and logging.getLogger().isEnabledFor(logging.DEBUG):
            line += "\n" + self.formatException(record.exc_info)
        return line


class JsonLines(logging.Formatter):
    """One object a line, for log collectors."""

    def format(self, record: logging.LogRecord) -> str:
        """Time, level, where and what; a traceback as one text."""
        entry = {"ts": _time(record), "level": record.levelname.lower(), "logger": record.name, "message": _message(record)}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)
