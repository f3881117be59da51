"""What every store does; one test suite runs them all."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Protocol

from bridge.core.effects import Decision, HistoryEntry, Record
from bridge.core.leap import Leap
from bridge.core.orders import ListEntry
from bridge.core.state import Kept
from bridge.core.values import ChargePointId, IdTag, RecordId, SessionId, TagInfo

TAG_REF_KEY = "tag_ref_key"
"""The fact that holds the secret behind every `tag_ref`: 32 hexadecimal digits, drawn when the store is made."""
CLEAN_STOP = "clean_stop"
"""The fact that tells whether the last stop was orderly: "true" or "false"; None in a store that is new."""

CLOCK_UNSET = "clock_unset"
"""The fact that tells whether times may have been written before the time was known: "true" or "false"; None in a store that is new."""


@unique
class RecordState(StrEnum):
    """Where a record is. None is ever deleted before it was delivered."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A record and how its delivery goes."""

    id: RecordId
    charge_point: ChargePointId
    link: str
    """The backend it is for."""
    record: Record
    state: RecordState
    attempts: int
    created_ms: int
    backend_id: str | None
    """The backend's name for the transaction, once its start was answered; looked up when the row is read."""
    start_parked: bool
    """Its start is parked: the backend never gave a name (OCPP 1.6 errata 3.18 wants -1)."""
    message: str | None = None
    """The id under which it was last sent, to be used again after silence."""
    error: str | None = None
    rounds: int = 0
    """How often it was taken out of parking."""
    retry_ms: int | None = None
    """When a parked row is tried again by itself (UTC); None: it waits for the operator."""
    settled_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """How an attempt went: counted, and the message id kept."""

    id: RecordId
    attempts: int
    message: str | None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A row is put aside."""

    id: RecordId
    error: str
    retry_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one event makes durable, all or nothing."""

    charge_point: ChargePointId
    link: str | None
    """The backend new records are for."""
    utc_ms: int
    kept: Kept | None = None
    """None: unchanged."""
    records: tuple[Record, ...] = ()
    delivered: tuple[RecordId, ...] = ()
    sent: tuple[Sent, ...] = ()
    parked: tuple[Parked, ...] = ()
    waited: bool = False
    """The backend went away: what is queued counts as offline from now on. The oldest does not: it may have been sent already, and is
    sent again as it was."""
    assigned: tuple[tuple[SessionId, str], ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    decisions: tuple[Decision, ...] = ()
    remembered: tuple[tuple[IdTag, TagInfo], ...] = ()
    forget_tags: bool = False
    forgotten: tuple[IdTag, ...] = ()
    """Tags taken out of the authorisation cache, one by one."""
    list_replaced: bool = False
    """The local list is emptied before `listed` is put on it."""
    listed: tuple[ListEntry, ...] = ()
    """Tags put on the local list, or taken off it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCount:
    """How many records of a charge point are where."""

    queued: int = 0
    parked: int = 0
    delivered: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """Whether the disk takes records. While it is not ok nothing new may start; what was handed in waits in memory, in order."""

    ok: bool
    error: str | None = None
    """One line that says what is wrong and what to do; None when ok."""


class Store(Protocol):
    """Durable memory. Reads see what is committed; writes are grouped and keep their order."""

    def commit(self, change: Change) -> "asyncio.Future[None]":
        """Make it durable. The future is done when it is on the disk; futures are done in the order of the calls.

        While the disk refuses (full, read-only) the change waits and is tried again; later ones wait behind it. `on_health`,
        given when the store was opened, is told both ways.
        """

    def kept(self, charge_point: ChargePointId) -> Kept | None:
        """What was kept of it; None: never seen."""

    def next_record(self, charge_point: ChargePointId, link: str) -> OutboxRow | None:
        """The oldest queued row."""

    def is_queued(self, charge_point: ChargePointId, link: str, session: SessionId | None) -> bool:
        """Whether a row of this session (None: of any) is queued."""

    def due(self, charge_point: ChargePointId, link: str, utc_ms: int) -> SessionId | None:
        """A session with a parked row whose retry time has come."""

    def replay(self, charge_point: ChargePointId, session: SessionId) -> "asyncio.Future[int]":
        """Queue a parked session again, in order; tells how many rows, once that is on the disk (wake the link then).

        With a parked start go its dependants, the ones already delivered under -1 included (design.md §4 rule 5).
        """

    def drop(self, charge_point: ChargePointId, session: SessionId) -> "asyncio.Future[int]":
        """The operator gives up a parked session; tells how many rows, once that is on the disk.

        The rows are marked delivered with the error "dropped by the operator", never erased.
        """

    def leap(self, leap: Leap) -> "asyncio.Future[None]":
        """Put right what was written before the time was known, all or nothing: what is kept, records, history, decisions.

        Records that were delivered stay as they were sent.
        """

    def newest_before(self, utc_ms: int) -> int | None:
        """The newest time before this that anything was written at; None: nothing was. Reads long tables: not for every start."""

    def count(self, charge_point: ChargePointId) -> QueueCount:
        """How many rows are where."""

    def rows(self, charge_point: ChargePointId | None = None, states: tuple[RecordState, ...] = ...) -> list[OutboxRow]:
        """Rows in order of delivery, by default those queued or parked."""

    def known_tag(self, charge_point: ChargePointId, key: str) -> TagInfo | None:
        """What the authorisation cache has on a tag (by `tag_key`)."""

    def listed_tag(self, charge_point: ChargePointId, key: str) -> TagInfo | None:
        """What the local list has on a tag (by `tag_key`), marked `listed`."""

    def list_size(self, charge_point: ChargePointId) -> int:
        """How many tags are on the local list. Counts them: not for every tap."""

    def history(
        self, charge_point: ChargePointId | None = None, *, since_ms: int | None = None, limit: int | None = None
    ) -> list[tuple[ChargePointId, HistoryEntry]]:
        """Finished sessions and gaps, oldest first; with `limit` the newest that many."""

    def decisions(
        self, charge_point: ChargePointId | None = None, *, since_ms: int | None = None, limit: int | None = None
    ) -> list[tuple[ChargePointId, Decision]]:
        """Every decision, refusals included, oldest first."""

    def fact(self, name: str) -> str | None:
        """A small fact of the installation: the key of `tag_ref`, whether the last stop was orderly."""

    def set_fact(self, name: str, value: str) -> "asyncio.Future[None]":
        """Keep a fact, in order with the commits."""

    async def close(self) -> None:
        """Finish what was handed in (as far as the disk takes it) and close."""
