"""A new database with what can be read of a damaged one, made beside it. The damaged one is only read; nothing is taken from it.

`rescue` may be cut anywhere: until the new database is complete and on the disk, the damaged one lies where it lay, and the next
opening begins anew; from then on, `resume` brings it to its end. The report is a fact in the new database, until a life has told it.
"""

import contextlib
import logging
import sqlite3
from pathlib import Path

from bridge.errors import StoreRefused
from bridge.store import files, schema
from bridge.store.copying import SALVAGED, Copy
from bridge.store.debris import Debris
from bridge.store.loss import Salvage
from bridge.store.writes import name_checksum

log = logging.getLogger("bridge.store")


def rescue(path: Path, utc_ms: int) -> None:
    """Put a new database in the place of a damaged one that nobody has open.

    Raises sqlite3.Error or StoreRefused where the disk refuses: the damaged one is where it was.
    """
    fresh = files.fresh(path)
    files.discard(fresh)
    log.warning("%s is damaged; what can be read of it is saved", path)
    try:
        told = _build(fresh, path, files.free_aside(path, utc_ms).name)
    except (sqlite3.Error, StoreRefused):
        files.discard(fresh)
        raise
    log.warning("%s", told.text(path, all_of_them=True))
    files.exchange(path, path.with_name(told.aside))


def resume(path: Path, utc_ms: int) -> None:
    """Bring a rescue to its end that was cut, or forget what it had. Call before the database is opened. Raises StoreRefused."""
    fresh = files.fresh(path)
    if path.exists():
        files.discard(fresh)
    elif fresh.exists():
        told = report(_fact(fresh))
        if told is None:  # not one of ours: somebody has taken the damaged one away in the middle of it
            files.set_aside(fresh, utc_ms)
        else:
            files.exchange(path, path.with_name(told.aside))


def report(text: str | None) -> Salvage | None:
    """What the fact tells; None where there is none, or one that makes no sense."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return None if text is None else Salvage.from_json(text)
    return None


def _fact(path: Path) -> str | None:
    with Debris(path) as fresh:
        values = [row["value"] for row in fresh.rows("SELECT value FROM fact WHERE name = ?", (SALVAGED,))]
    return str(values[0]) if values else None


def _build(fresh: Path, source: Path, aside: str) -> Salvage:
    files.make_private(fresh)
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as db, Debris(source) as debris:
        # Until it is complete nobody needs it, and it needs no log; at the end it is written whole, and synced.
        for pragma in ("journal_mode=MEMORY", "synchronous=FULL", "fullfsync=ON"):
            db.execute(f"PRAGMA {pragma}")
        db.create_function("name_checksum", 4, name_checksum)
        schema.migrate(db, 0)
        db.execute("BEGIN")
        salvage = Copy(db, debris).everything(aside)
        db.execute("INSERT INTO fact VALUES (?, ?)", (SALVAGED, salvage.to_json()))
        db.execute("COMMIT")
    return salvage
