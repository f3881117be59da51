"""Whether a database is what was written: its pages, its schema, and the content on which a bridge builds.

A disk that can't be read is no damage: that raises, and the service manager tries again.
"""

import re
import sqlite3
from pathlib import Path
from typing import Final

from bridge.store import schema
from bridge.store.connection import is_damage
from bridge.store.protocol import TAG_REF_KEY
from bridge.store.seal import TextDamaged, unsealed
from bridge.store.writes import name_checksum

_ERROR_CODE: Final = re.compile(r"error code=(\d+)")
_UNREAD_PAGE: Final = "failed to get page"
"""The check's words for a page of the file that the disk did not give; it tells no code."""

_WRITE_VERSION: Final = 18
"""Where it stands in the header (https://www.sqlite.org/fileformat2.html)."""
_WRITE_VERSIONS: Final = (1, 2)

_KEPT = "SELECT state, charge_point FROM kept"
_UNDELIVERED = """
SELECT record, charge_point FROM outbox WHERE state = 'queued' UNION ALL SELECT record, charge_point FROM outbox WHERE state = 'parked'
"""
_NAMES = "SELECT charge_point, link, session, backend_id, checksum FROM assigned WHERE checksum IS NOT NULL"
_COUNTED = """
SELECT charge_point, what, number FROM tally WHERE number > 0
EXCEPT SELECT charge_point, state, count(*) FROM outbox GROUP BY charge_point, state
EXCEPT SELECT charge_point, 'decision', count(*) FROM decision GROUP BY charge_point
EXCEPT SELECT charge_point, 'tag', count(*) FROM tag GROUP BY charge_point
"""
_KEY_FORM: Final = re.compile(f"[0-9a-f]{{{2 * schema.KEY_BYTES}}}")


def is_of_this_format(path: Path) -> bool:
    """Whether the header tells a format that SQLite may write; it takes a file of another one for a file on a read-only disk."""
    with path.open("rb") as file:
        header = file.read(_WRITE_VERSION + 1)
    return len(header) <= _WRITE_VERSION or header[_WRITE_VERSION] in _WRITE_VERSIONS


def is_whole(db: sqlite3.Connection, version: int) -> bool:
    """Whether every page can be read and makes sense, each index tells what its table tells, and the schema is the one of its version.

    Reads the whole file, a second for 100 MB. Raises sqlite3.Error where the disk does not give it.
    """
    found = str(db.execute("PRAGMA integrity_check(1)").fetchone()[0])
    code = _ERROR_CODE.search(found)
    refused = _error(int(code[1]) if code else sqlite3.SQLITE_IOERR, found)
    if (code or _UNREAD_PAGE in found) and not is_damage(refused):
        raise refused
    return found == "ok" and schema.objects(version) <= schema.objects_in(db)


def _error(code: int, text: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorcode = code
    return error


def is_true(db: sqlite3.Connection) -> bool:
    """Whether what sessions and bills depend on is what was written: kept states, undelivered records, names, tallies, the secret.

    `db` is of the newest schema. What people read is looked at when they do.
    """
    try:
        for sql in (_KEPT, _UNDELIVERED):
            for text, owner in db.execute(sql):
                unsealed(text, owner)
    except TextDamaged:
        return False
    names = all(name_checksum(*row[:4]) == row[4] for row in db.execute(_NAMES))
    facts = all(is_fact(name, value) for name, value in db.execute("SELECT name, value FROM fact"))
    return names and facts and db.execute(_COUNTED).fetchone() is None


def is_fact(name: object, value: object) -> bool:
    """Whether a fact is one on which a bridge can start."""
    return name != TAG_REF_KEY or _KEY_FORM.fullmatch(str(value)) is not None
