"""The schema: numbered SQL files beside this module, applied once each; and whether a database is one of ours."""

import contextlib
import secrets
import sqlite3
from importlib import resources
from pathlib import Path

from bridge.errors import StoreRefused
from bridge.store.connection import SQLITE_MIN, pragma_value
from bridge.store.protocol import TAG_REF_KEY

APPLICATION_ID = 0x65766272
"""Written into the file's header by the first migration, so that no other program's database is taken for ours."""

KEY_BYTES = 16
"""Length of the secret behind `tag_ref`: 128 bits, so that no tag can be found by trying."""


def migrations() -> list[str]:
    """The SQL of every migration, the first one first; its number is its place, and the number of its file."""
    files = sorted(
        (file for file in resources.files("bridge.store").joinpath("migrations").iterdir() if file.name.endswith(".sql")),
        key=lambda file: file.name,
    )
    for number, file in enumerate(files, 1):
        assert file.name.startswith(f"{number:04}_"), f"migration {file.name} should have number {number}"
    return [file.read_text("utf-8") for file in files]


def refuse_foreign(path: Path) -> None:
    """Look before anything is touched: to write ahead, and to be private, would already change another program's database.

    Raises StoreRefused. What can't be seen without touching it passes; `check_version` looks again.
    """
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError), contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
        check_version(db, path)


def check_version(db: sqlite3.Connection, path: Path) -> int:
    """The version of an existing database. Raises StoreRefused when this code must not touch it."""
    if sqlite3.sqlite_version_info < SQLITE_MIN:
        wanted = ".".join(map(str, SQLITE_MIN))
        raise StoreRefused(f"SQLite {sqlite3.sqlite_version} is too old, {wanted} is needed: update Python or the system")
    version, known = pragma_value(db, "user_version"), len(migrations())
    assert isinstance(version, int)
    is_empty = db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    if pragma_value(db, "application_id") != APPLICATION_ID and not (version == 0 and is_empty):
        raise StoreRefused(f"{path} is a database of another program: give evbridge a file of its own")
    if version > known:
        raise StoreRefused(
            f"{path} was written by a newer evbridge (schema {version}; this one knows {known}): "
            "install that version again, or give this one another file"
        )
    return version


def migrate(db: sqlite3.Connection, version: int) -> None:
    """Bring a database up to date, one transaction a step, and draw the installation's secret where there is none."""
    for number, sql in enumerate(migrations()[version:], version + 1):
        try:
            db.executescript(f"BEGIN IMMEDIATE;\n{sql}\nPRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.Error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
    db.execute("INSERT INTO fact VALUES (?, ?) ON CONFLICT DO NOTHING", (TAG_REF_KEY, secrets.token_hex(KEY_BYTES)))


def objects(version: int) -> set[tuple[str, str, str]]:
    """Kind, name and text of everything a database of this version has."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        for sql in migrations()[:version]:
            db.executescript(sql)
        return objects_in(db)


def objects_in(db: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """The same of a database that is there, and what others have added to it."""
    return set(db.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
