"""What a link can have to send, and what it waits for. Pure."""

from dataclasses import dataclass
from typing import TypeAlias

from bridge.core.effects import AnnounceReading, AskAuthorize, RecordStart, RecordStop
from bridge.core.orders import Notice
from bridge.core.values import IdTag
from bridge.ocpp.attempts import Head, Verdict
from bridge.ocpp.dialect import Outgoing


@dataclass(frozen=True, slots=True)
class Boot:
    """BootNotification."""

    triggered: bool = False
    """The central system asked for it."""


@dataclass(frozen=True, slots=True)
class Beat:
    """Heartbeat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Authorize; worthless after `until_s`."""

    effect: AskAuthorize
    until_s: float


@dataclass(frozen=True, slots=True)
class News:
    """The status of a connector, if there is any to tell."""


@dataclass(frozen=True, slots=True)
class Announced:
    """A reading outside a transaction."""

    effect: AnnounceReading


@dataclass(frozen=True, slots=True)
class Triggered:
    """A message the central system asked for."""

    outgoing: Outgoing


@dataclass(frozen=True, slots=True)
class Deliver:
    """The oldest record."""

    head: Head


@dataclass(frozen=True, slots=True)
class Told:
    """A part of a notice, or of what is said after each registration."""

    outgoing: Outgoing
    notice: Notice | None = None
    """For another version, should one be agreed on before it has been told."""


Job: TypeAlias = Boot | Beat | Question | News | Announced | Triggered | Told | Deliver


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """The CALL that waits for its answer."""

    id: str
    job: Job
    action: str
    sent_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What the end of a connection leaves behind."""

    questions: tuple[AskAuthorize, ...]
    """Never to be answered."""
    verdict: Verdict | None
    """What becomes of the record that was open, if anything is to be kept."""


def tag_in(call: OpenCall | None) -> IdTag | None:
    """The tag that the open call is about, if it is about one."""
    match call:
        case OpenCall(job=Question(effect=effect)):
            return effect.tag
        case OpenCall(job=Deliver(head=head)):
            record = head.row.record
            told = None if record.telling is None else record.telling.tag
            return told or (record.tag if isinstance(record, RecordStart | RecordStop) else None)
        case _:
            return None
