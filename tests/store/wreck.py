"""A database with something of everything in it, and ways to damage it."""

from collections.abc import Callable
from pathlib import Path

from bridge.core.effects import Record
from bridge.core.values import SessionId
from bridge.store.protocol import OutboxRow, Parked
from bridge.store.sqlite import SqliteStore
from tests.store.vaults import SqliteVault
from tests.store.worlds import ACCEPTED, CARPORT, GARAGE, NOON_MS, TAG, decision, entry, local_kept, sample, start, stop

SESSIONS = 12
PAGE_BYTES = 4096


def session(charge_point: str, number: int) -> SessionId:
    return SessionId(f"{charge_point}-{number:02}")


async def fill(path: Path, sessions: int = SESSIONS) -> list[OutboxRow]:
    """Two charge points with twelve sessions each: one is parked, of the first half all but the stop is delivered. What waits."""
    vault = SqliteVault(path)
    for number in range(sessions):
        for owner in (GARAGE, CARPORT):
            one = session(owner, number)
            steps: tuple[Record, ...] = (start(one), *(sample(one, sequence) for sequence in range(1, 8)), stop(one))
            await vault.commit(
                charge_point=owner,
                kept=local_kept(100 * number),
                records=steps,
                history=(entry(one),),
                decisions=(decision(str(number)),),
                remembered=((TAG, ACCEPTED),),
            )
            ids = [row.id for row in vault.store.rows(owner) if row.record.session == one]
            if number < sessions // 2:
                await vault.commit(charge_point=owner, assigned=((one, str(number)),), delivered=tuple(ids[:-1]))
            if number == sessions - 1:
                await vault.commit(charge_point=owner, parked=tuple(Parked(id=one, error="no", retry_ms=NOON_MS) for one in ids))
    rows = vault.store.rows()
    await vault.store.close()
    return rows


def patch(path: Path, old: bytes, new: bytes, *, times: int = 1) -> None:
    """Write other bytes of the same length, in the first so many places."""
    content = path.read_bytes()
    assert len(old) == len(new)
    assert old in content
    path.write_bytes(content.replace(old, new, times))


def spoil(path: Path, page: int, change: Callable[[bytes], bytes] = bytes.swapcase) -> None:
    """Change a whole page (they count from 1)."""
    content = path.read_bytes()
    begin, end = (page - 1) * PAGE_BYTES, page * PAGE_BYTES
    path.write_bytes(content[:begin] + change(content[begin:end]) + content[end:])


def zeros(page: bytes) -> bytes:
    return bytes(len(page))


def reopen(path: Path) -> SqliteStore:
    return SqliteStore.open(path, on_health=lambda _: None)
