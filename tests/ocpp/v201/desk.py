"""What the tests of all blocks do: ask, and hold question and answer against the official schema."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from bridge.core.effects import Answer, Outcome, Record, RecordSample, RecordStart, RecordStop, RecordUpdate, Telling
from bridge.core.state import State, Transaction
from bridge.core.values import (
    ChargingState,
    IdTag,
    RequestId,
    SessionId,
    StopReason,
    TagKind,
    TxKind,
    TxTrigger,
)
from bridge.ocpp.dialect import Context, Handled, Outgoing, Passed, Reply
from bridge.ocpp.v201 import requests
from bridge.ocpp.validation import Kind, Version
from tests.ocpp import worlds
from tests.ocpp.official import assert_valid
from tests.ocpp.worlds import SESSION, asked

REQUEST = RequestId("request-1")


def handled(action: str, payload: dict[str, Any], context: Context | None = None) -> Handled:
    """Ask."""
    assert_valid(action, Kind.REQUEST, payload, Version.V201)
    told = requests.handle(action, payload, context or asked())
    if isinstance(told, Reply):
        assert_valid(action, Kind.RESPONSE, told.payload, Version.V201)
        for outgoing in told.messages:
            said(outgoing)
    if isinstance(told, Passed) and told.payload is not None:
        assert_valid(action, Kind.RESPONSE, told.payload, Version.V201)
    return told


def status(action: str, payload: dict[str, Any], context: Context | None = None) -> tuple[str, str | None]:
    """Ask, and hear a status and the code of its reason."""
    told = handled(action, payload, context)
    assert isinstance(told, Reply), told
    assert not told.errands
    return told.payload["status"], told.payload.get("statusInfo", {}).get("reasonCode")


def spelt(action: str, outcome: Outcome) -> dict[str, Any]:
    """The core's answer in words."""
    told: dict[str, Any] = requests.answer(action, Answer(request=REQUEST, outcome=outcome))
    assert_valid(action, Kind.RESPONSE, told, Version.V201)
    return told


def said(outgoing: Outgoing | None) -> dict[str, Any]:
    """The payload of what is sent."""
    assert outgoing is not None
    assert_valid(outgoing.action, Kind.REQUEST, outgoing.payload, Version.V201)
    return outgoing.payload


def in_transaction(state: State, *, authorised: bool = True) -> State:
    """A transaction is open."""
    transaction = Transaction(id=SESSION, sequence=3, charging=ChargingState.EV_CONNECTED, connected=True, authorised=authorised)
    return replace(state, kept=replace(state.kept, transaction=transaction))


def telling(kind: TxKind = TxKind.UPDATED, trigger: TxTrigger = TxTrigger.CHARGING_STATE_CHANGED, **more: Any) -> Telling:  # noqa: ANN401
    """What a record tells."""
    return Telling(kind=kind, trigger=trigger, **more)


def update(kind: TxKind = TxKind.UPDATED, **more: Any) -> RecordUpdate:  # noqa: ANN401
    """A step of a transaction."""
    return RecordUpdate(session=SESSION, sequence=4, utc_ms=worlds.NOW.utc_ms, offline=False, telling=telling(kind), **more)


# --- any at all -------------------------------------------------------------------------------------------------------------------

_tags = st.builds(IdTag, text=st.text(st.characters(codec="utf-8"), max_size=80), kind=st.none() | st.sampled_from(TagKind))
_tellings = st.builds(
    Telling,
    kind=st.sampled_from(TxKind),
    trigger=st.sampled_from(TxTrigger),
    charging=st.none() | st.sampled_from(ChargingState),
    connected=st.booleans(),
    tag=st.none() | _tags,
    remote_id=st.none() | st.integers(-(2**31), 2**31),
    reservation=st.none() | st.integers(-(2**31), 2**31),
    reason=st.none() | st.sampled_from(StopReason),
)
_updates = st.builds(
    RecordUpdate,
    session=st.just(SessionId("session-1")),
    sequence=st.integers(0, 10**6),
    utc_ms=st.integers(-(10**15), 10**15),
    offline=st.booleans(),
    telling=_tellings,
    reading=st.none() | worlds.readings,
)


def _told(record: Record, words: Telling, collected: list[Any]) -> Record:
    match record:
        case RecordStop():
            return replace(record, telling=words, collected=tuple(collected))
        case RecordStart() | RecordSample():
            return replace(record, telling=words)
        case _:
            return record


records: st.SearchStrategy[Record] = _updates | st.builds(_told, worlds.records, _tellings, st.lists(worlds.readings, max_size=3))
"""Records of a charge point that speaks 2.0.1."""
