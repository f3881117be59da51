"""How often a record is sent, and when it is put aside (design.md §4 rule 5). Pure.

An attempt counts when the central system answered with an error, or stayed silent while it was demonstrably alive. A link that merely broke
is no attempt; but a record that breaks link after link must not block those behind it, so from some number on broken links count as well.
"""

from dataclasses import dataclass, field
from hashlib import blake2s
from typing import TypeAlias

from bridge.core.values import RecordId, SessionId
from bridge.ocpp.dialect import Outgoing
from bridge.ocpp.frames import Call, encode
from bridge.ocpp.ports import QueuedRecord

KILLS_MAX = 3
"""Links closed by the peer with an error while the same record was open (1009 for one that is too long, say) before they count."""
LOSSES_MAX = 10
"""The same for links that just went away: a bad radio link loses a few in a row, and that says nothing about the record."""
ORDERLY = frozenset({1000, 1001, 1012, 1013})
"""Closed, going away, service restart, try again later: the peer speaks of itself, not of what it was sent."""
RETRY_H = (1, 6, 24, *[24] * 7)
"""A parked session is tried again after so many hours, round by round; then it waits for the operator."""
HOUR_MS = 3_600_000
ERROR_MAX = 300
"""Of an error text, as much as fits a line of `evbridge queue`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """No answer in time. `alive`: pongs or frames came all the while."""

    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """The link went away; `code` is the peer's close code, None where it said nothing."""

    code: int | None


@dataclass(frozen=True, slots=True)
class Broken:
    """We failed ourselves, and dropped the link to be safe."""


@dataclass(frozen=True, slots=True)
class Left:
    """We closed the link for reasons of our own."""


Ending: TypeAlias = Silent | Dropped | Broken | Left
"""How a link ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The record stays at the head of the queue."""

    record: RecordId
    attempts: int
    message: str | None
    """The id for the next send: the same after silence, none (a new one) after an error."""
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Park:
    """The record is put aside and later ones go on."""

    record: RecordId
    session: SessionId
    error: str
    retry_ms: int | None
    """When it is tried again by itself (UTC); None: the operator decides."""


Verdict: TypeAlias = Again | Park


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """What the central system configured."""

    attempts: int
    """Sends of one record before it is parked; at least one."""
    retry_s: float
    """Wait before a new send, times the number of earlier ones."""


@dataclass(slots=True, kw_only=True)
class Head:
    """The record at the head of the queue. Newer than the outbox row, whose writing may still be on its way."""

    row: QueuedRecord
    attempts: int
    message: str | None
    outgoing: Outgoing | None = None
    """As it was rendered: each send carries the same payload."""
    not_before_s: float = 0.0
    kills: int = field(default=0)
    losses: int = field(default=0)

    @property
    def key(self) -> tuple[RecordId, int]:
        """Tells a replayed row from the same row before."""
        return self.row.id, self.row.rounds


def head_of(row: QueuedRecord) -> Head:
    """A row that has just become the oldest."""
    return Head(row=row, attempts=row.attempts, message=row.message)


def message_id(head: Head, outgoing: Outgoing) -> str:
    """The id of its next send, 32 characters.

    It follows from what is sent, so that after a crash between send and answer the same message has the same id again without a write to
    the disk; another attempt, another round or another payload has another id. An id kept from a send that was never answered is used
    again for the very same message only: settings, or the name of the transaction, may have changed since.
    """
    record = head.row.record
    salt = f"{record.session}/{record.sequence}/{head.row.rounds}/"
    content = encode(Call(message_id="", action=outgoing.action, payload=outgoing.payload))
    if head.message is not None and head.message in (_digest(salt, attempt, content) for attempt in range(head.attempts + 1)):
        return head.message
    return _digest(salt, head.attempts, content)


def _digest(salt: str, attempt: int, content: bytes) -> str:
    return blake2s(f"{salt}{attempt}/".encode() + content, digest_size=16).hexdigest()


def is_retryable(code: str | None) -> bool:
    """Whether a parked record is worth another try without a person: the central system may have had a bad day. None is silence."""
    return code in {None, "InternalError", "GenericError"}


def retry_ms(code: str | None, rounds: int, utc_ms: int) -> int | None:
    """When a record parked now is tried again by itself; `rounds` is how often it has been taken out of parking."""
    if not is_retryable(code) or rounds >= len(RETRY_H):
        return None
    return utc_ms + RETRY_H[rounds] * HOUR_MS


def refused(head: Head, code: str, description: str, *, patience: Patience, now_s: float, utc_ms: int) -> Verdict:
    """The central system answered with an error: wait on this link and send the same payload under a new id, or park."""
    head.attempts += 1
    head.message = None
    head.not_before_s = now_s + patience.retry_s * head.attempts
    error = f"{code}: {description}" if description else code
    return _verdict(head, code, error, patience, utc_ms)


def unanswered(head: Head, message: str | None, ending: Ending, *, patience: Patience, utc_ms: int) -> Verdict | None:
    """The link ended before the answer: the same frame under the same id on the next one. None: no attempt, nothing to keep."""
    head.message = message
    head.not_before_s = 0.0
    match ending:
        case Silent(alive=True):
            head.attempts += 1
            error = "no answer while the link was alive"
        case Dropped(code=None):
            head.losses += 1
            if head.losses < LOSSES_MAX:
                return None
            head.attempts += LOSSES_MAX if head.losses == LOSSES_MAX else 1
            error = f"the link broke {head.losses} times with this message unanswered"
        case Dropped(code=code) if code not in ORDERLY:
            if not _kills(head):
                return None
            error = f"the central system closed the link ({code}) {head.kills} times on this message"
        case Broken():
            if not _kills(head):
                return None
            error = f"an error in the bridge ended the link {head.kills} times on this message; see the log"
        case _:
            return None
    return _verdict(head, None, error, patience, utc_ms)


def _kills(head: Head) -> bool:
    """Count a link that died of it; whether that makes an attempt."""
    head.kills += 1
    if head.kills < KILLS_MAX:
        return False
    head.attempts += KILLS_MAX if head.kills == KILLS_MAX else 1
    return True


def _verdict(head: Head, code: str | None, error: str, patience: Patience, utc_ms: int) -> Verdict:
    if head.attempts < max(1, patience.attempts):
        return Again(record=head.row.id, attempts=head.attempts, message=head.message, error=error[:ERROR_MAX])
    return Park(
        record=head.row.id,
        session=head.row.record.session,
        error=error[:ERROR_MAX],
        retry_ms=retry_ms(code, head.row.rounds, utc_ms),
    )
