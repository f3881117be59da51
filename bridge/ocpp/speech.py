"""The version of OCPP that a connection agreed on, and what a job says in it. Pure."""

from collections.abc import Sequence
from typing import assert_never

from bridge.core.orders import Notice
from bridge.ocpp.dialect import Dialect, Nameplate, Outgoing
from bridge.ocpp.jobs import Announced, Beat, Boot, Deliver, Question, Told, Triggered
from bridge.ocpp.ports import Station
from bridge.ocpp.validation import Version

TRIGGERED = "Triggered"
"""Why a station registers that was asked to (2.0.1 BootReason)."""


class Speech:
    """Of one link. Before the first connection it is the preferred version; afterwards the one that was agreed on last."""

    __slots__ = ("_dialects", "_nameplate", "_station", "dialect")

    def __init__(self, station: Station, dialects: Sequence[Dialect], nameplate: Nameplate) -> None:
        """`dialects`: the preferred one first."""
        self._station = station
        self._nameplate = nameplate
        self._dialects = dialects
        self.dialect = dialects[0]

    def agree(self, subprotocol: str) -> bool:
        """A connection speaks this version; True: another one than before."""
        before = self.dialect
        self.dialect = next(dialect for dialect in self._dialects if dialect.subprotocol == subprotocol)
        return self.dialect is not before

    @property
    def version(self) -> Version:
        """What is spoken."""
        return Version(self.dialect.subprotocol)

    def notice(self, notice: Notice) -> tuple[Told, ...]:
        """What a notice says, as things are now."""
        return tuple(Told(outgoing, notice) for outgoing in self.dialect.notice(notice, self._station.state))

    def render(self, job: Boot | Beat | Question | Announced | Triggered | Told | Deliver) -> Outgoing | None:
        """What a job says; None: nothing, in this version."""
        state = self._station.state
        match job:
            case Boot(triggered=triggered):
                return self.dialect.boot(self._nameplate, TRIGGERED if triggered else state.kept.boot_reason)
            case Beat():
                return self.dialect.heartbeat()
            case Question(effect=effect):
                return self.dialect.authorize(effect.tag)
            case Announced(effect=effect):
                return self.dialect.reading(effect, state.settings)
            case Triggered(outgoing=outgoing) | Told(outgoing=outgoing):
                return outgoing
            case Deliver(head=head):
                row = head.row
                if head.outgoing is not None:
                    return head.outgoing
                return self.dialect.record(row.record, backend_id=row.backend_id, start_parked=row.start_parked, settings=state.settings)
            case _:
                assert_never(job)
