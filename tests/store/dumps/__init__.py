"""A database of every release as text: `python -m tests.store.dumps DATABASE > tests/store/dumps/schema_N.sql` when N is released."""

import sqlite3
from pathlib import Path

HERE = Path(__file__).parent


def dump(path: Path) -> str:
    """Everything in a database, the numbers in its header included."""
    db = sqlite3.connect(path)
    try:
        header = [f"PRAGMA {name} = {db.execute(f'PRAGMA {name}').fetchone()[0]};" for name in ("application_id", "user_version")]
        return "\n".join([*db.iterdump(), *header]) + "\n"
    finally:
        db.close()


def load(name: str, path: Path) -> None:
    """Make a database of a dump."""
    db = sqlite3.connect(path)
    db.executescript((HERE / name).read_text("utf-8"))
    db.close()
