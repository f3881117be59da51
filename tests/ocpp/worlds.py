"""Charge points for the pure tests: one by hand, and any at all."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import strategies as st

from bridge.clock import Stamp
from bridge.core.effects import Record, RecordSample, RecordStart, RecordStop
from bridge.core.settings import Cable, Rules, Settings
from bridge.core.state import BackendSession, Hardware, Kept, LocalSession, Meter, NoSession, Session, State
from bridge.core.values import (
    ChargePointId,
    IdTag,
    Instant,
    Mode,
    Person,
    Reading,
    ReadingContext,
    RequestId,
    SessionId,
    StopReason,
    TagInfo,
    UserId,
    Verdict,
)
from bridge.ocpp.dialect import Context, Registration
from bridge.ocpp.measurands import MEASURANDS

NOW = Instant(mono_s=1000.0, utc_ms=1_795_344_310_147)
NOW_TEXT = "2026-11-22T10:45:10.147Z"
STAMP: Stamp = {"at": NOW, "fresh": SessionId("fresh-1")}
TAG = IdTag(text="04A1B2C3")
SESSION = SessionId("session-1")
READING = Reading(
    utc_ms=NOW.utc_ms,
    register_wh=12_345,
    power_w=7_360.5,
    current_a=(10.0, 11.25, 12.0),
    voltage_v=(230.0, 229.9, 231.0),
    soc_percent=55.0,
    offered_a=16.0,
)
BEGIN = Reading(utc_ms=NOW.utc_ms - 3_600_000, register_wh=10_000, context=ReadingContext.BEGIN)
START = RecordStart(session=SESSION, sequence=0, tag=TAG, reading=BEGIN, utc_ms=NOW.utc_ms, offline=False)
SAMPLE = RecordSample(session=SESSION, sequence=1, reading=READING, offline=False)
STOP = RecordStop(
    session=SESSION,
    sequence=2,
    reading=READING,
    utc_ms=NOW.utc_ms,
    reason=StopReason.EV_DISCONNECTED,
    tag=None,
    begin=BEGIN,
    offline=False,
)
BACKEND_SESSION = BackendSession(
    id=SESSION, person=Person(tag=TAG), tag=TAG, mode=Mode.ECO, begin=BEGIN, started_ms=NOW.utc_ms, sequence=1, last=BEGIN, backend_id="7"
)
LOCAL_SESSION = LocalSession(id=SESSION, person=Person(local=True), mode=Mode.ECO, begin=BEGIN, started_ms=NOW.utc_ms, last=BEGIN)


def charge_point(
    *,
    cable: Cable = Cable.SOCKET,
    settings: Settings | None = None,
    session: Session | None = None,
    hardware: Hardware | None = None,
    register_wh: int | None = 12_345,
    operative: bool = True,
    station_operative: bool = True,
) -> State:
    """A wallbox that is free, unless told otherwise."""
    settings = settings or Settings()
    return State(
        rules=Rules(charge_point=ChargePointId("carport"), backend="Example", cable=cable),
        settings=settings,
        base=settings,
        now=NOW,
        kept=Kept(session=session or NoSession(), operative=operative, station_operative=station_operative),
        hardware=hardware or Hardware(plugged=False, online=True, live=True),
        meter=Meter(register_wh=register_wh, live=True),
        synchronised=True,
        backend_online=True,
    )


def person_of(tag: IdTag) -> Person:
    """Everybody is Anna, who has another tag at the central system than the card in her hand."""
    return Person(user=UserId("anna"), name="Anna", tag=IdTag(text="ANNAS-OTHER-TAG"), card=tag.key, local=True)


def nothing_known(_: IdTag) -> TagInfo | None:
    """An empty cache."""
    return None


def asked(state: State | None = None, *, registration: Registration | None = Registration.ACCEPTED, heartbeat_s: int = 0) -> Context:
    """A request arrives."""
    return Context(
        state=state or charge_point(),
        stamp=STAMP,
        request=RequestId("request-1"),
        registration=registration,
        person=person_of,
        known=nothing_known,
        heartbeat_s=heartbeat_s,
    )


# --- any at all -------------------------------------------------------------------------------------------------------------------

_numbers = st.none() | st.floats() | st.integers(-(10**12), 10**12).map(float)
_phases = st.none() | st.lists(st.floats(), max_size=5).map(tuple)
_words = st.text(st.characters(codec="utf-8"), max_size=80)
_wh = st.integers(-(2**63), 2**63)
_ms = st.integers(-(10**15), 10**15)
_measurands = st.lists(st.sampled_from([*MEASURANDS, "Voltage", "Frequency"]), max_size=8).map(tuple)

tags = st.builds(IdTag, text=_words)
readings = st.builds(
    Reading,
    utc_ms=_ms,
    register_wh=_wh,
    power_w=_numbers,
    current_a=_phases,
    voltage_v=_phases,
    soc_percent=_numbers,
    offered_a=_numbers,
    context=st.sampled_from(ReadingContext),
    signed=st.none() | _words,
)
settings = st.builds(
    Settings,
    sampled=_measurands,
    aligned=_measurands,
    stop_sampled=_measurands,
    stop_aligned=_measurands,
    sampled_end=_measurands,
    aligned_end=_measurands,
    cache_enabled=st.booleans(),
)
_starts = st.builds(
    RecordStart, session=st.just(SESSION), sequence=st.just(0), tag=tags, reading=readings, utc_ms=_ms, offline=st.booleans()
)
_samples = st.builds(RecordSample, session=st.just(SESSION), sequence=st.just(1), reading=readings, offline=st.booleans())
_stops = st.builds(
    RecordStop,
    session=st.just(SESSION),
    sequence=st.just(2),
    reading=readings,
    utc_ms=_ms,
    reason=st.sampled_from(StopReason),
    tag=st.none() | tags,
    begin=readings,
    offline=st.booleans(),
)
records: st.SearchStrategy[Record] = _starts | _samples | _stops
names = st.none() | st.integers(-(2**70), 2**70).map(str) | _words
"""What a central system may have called a transaction, other versions included."""
hardware = st.builds(
    Hardware,
    plugged=st.none() | st.booleans(),
    charging=st.none() | st.booleans(),
    cp_state=st.none() | st.sampled_from("ABCDEF"),
    fault=st.sampled_from(["NoError", "GroundFailure", "OtherError"]) | _words,
    online=st.none() | st.booleans(),
    offline_since_s=st.none() | st.just(0.0),
)
sessions: st.SearchStrategy[Session] = st.sampled_from(
    [NoSession(), BACKEND_SESSION, LOCAL_SESSION, replace(LOCAL_SESSION, cost=Decimal("1.20"))]
)
states = st.builds(
    charge_point,
    cable=st.sampled_from(Cable),
    settings=settings,
    session=sessions,
    hardware=hardware,
    register_wh=st.none() | _wh,
    operative=st.booleans(),
    station_operative=st.booleans(),
)
tag_infos = st.builds(TagInfo, verdict=st.sampled_from(Verdict), group=st.none() | _words, expires_ms=st.none() | _ms)
