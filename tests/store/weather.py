# ruff: noqa: ANN401 - connections take anything
"""Bad days for a database: connections that refuse on demand, and builds of SQLite that promise less."""

import sqlite3
import threading
from typing import Any

import pytest


def refusal(code: int, text: str = "refused") -> sqlite3.OperationalError:
    """An error as SQLite raises it."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


class Weather:
    """Set `error` and every connection raises it at the next statement that begins with `at`."""

    def __init__(self) -> None:
        self.error: sqlite3.Error | None = None
        self.at = "COMMIT"
        self.deaf_to: str | None = None
        """A statement that is taken and does nothing."""
        self.refused = 0
        self._refusing = threading.Condition()
        self.statements: list[str] = []
        self.connections: list[sqlite3.Connection] = []

    def rain(self, error: sqlite3.Error, at: str = "COMMIT") -> None:
        self.error, self.at = error, at

    def clear(self) -> None:
        self.error = None

    def before(self, sql: str) -> None:
        self.statements.append(sql)
        if self.error is not None and sql.lstrip().startswith(self.at):
            with self._refusing:
                self.refused += 1
                self._refusing.notify_all()
            raise self.error

    def wait_for_refusals(self, number: int) -> None:
        """Block until so many statements have been refused."""
        with self._refusing:
            assert self._refusing.wait_for(lambda: self.refused >= number, 10)

    def over(self, patch: pytest.MonkeyPatch) -> "Weather":
        """Have every new connection live under it. Each begins as a build with a weaker default would: not fully synchronous."""
        real = sqlite3.connect
        weather = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                weather.before(sql)
                return super().execute("PRAGMA journal_mode" if sql == weather.deaf_to else sql, *values)

        def connect(*places: Any, **options: Any) -> sqlite3.Connection:
            db: sqlite3.Connection = real(*places, **options | {"factory": Connection})
            sqlite3.Connection.execute(db, "PRAGMA synchronous=NORMAL")
            weather.connections.append(db)
            return db

        patch.setattr(sqlite3, "connect", connect)
        return self
