"""What a link needs of the charge point it presents. The runtime implements it; tests bring their own."""

from typing import Protocol

from bridge.core.effects import Record
from bridge.core.events import AnyEvent
from bridge.core.state import State
from bridge.core.values import IdTag, Person, RecordId, SessionId, TagInfo


class QueuedRecord(Protocol):
    """The oldest record that waits to be sent (`bridge.store.protocol.OutboxRow`)."""

    @property
    def id(self) -> RecordId:
        """Its row."""

    @property
    def record(self) -> Record:
        """What is to be told."""

    @property
    def attempts(self) -> int:
        """Sends the central system answered with an error, or left in silence while its pongs came."""

    @property
    def rounds(self) -> int:
        """How often it was taken out of parking."""

    @property
    def message(self) -> str | None:
        """The id of a send that was never answered."""

    @property
    def backend_id(self) -> str | None:
        """The central system's name for the transaction."""

    @property
    def start_parked(self) -> bool:
        """The start never arrived."""


class Station(Protocol):
    """One charge point, seen from its link."""

    @property
    def state(self) -> State:
        """As of the newest event."""

    def handle(self, event: AnyEvent) -> None:
        """Something happened. Never blocks; effects come back through `Link.perform`, at once or after the commit.

        For RecordDelivered and RecordParked the row is settled in the same commit; then `Link.wake` is called.
        """

    def next_record(self) -> QueuedRecord | None:
        """The oldest queued record that is committed; None: nothing waits."""

    def is_queued(self, session: SessionId | None) -> bool:
        """Whether committed records of a session (None: of any) wait to be delivered."""

    def record_sent(self, record: RecordId, *, attempts: int, message: str | None, error: str | None = None) -> None:
        """Keep how an attempt went."""

    def record_parked(self, record: RecordId, session: SessionId, *, error: str, retry_ms: int | None) -> None:
        """Put a record aside; `retry_ms` (UTC) is when it is tried again by itself, None waits for the operator."""

    def replay_due(self) -> None:
        """Queue again whatever parked session's time has come; then `Link.wake` is called."""

    def person(self, tag: IdTag) -> Person:
        """Who a tag belongs to here."""

    def known_tag(self, tag: IdTag) -> TagInfo | None:
        """What is known of it here: by the local list, else by the authorisation cache."""

    def listed_tag(self, tag: IdTag) -> TagInfo | None:
        """What the local list has on it, where the list is in use."""

    def list_size(self) -> int:
        """How many tags the local list has."""

    def link_changed(self, *, connected: bool, boot_status: str | None, error: str | None, version: str) -> None:
        """For dashboards: `charge_point/{cp}/ocpp/…`; `error` is one line that says what to do, `version` what was agreed on last."""
