"""Anything at all that can be kept."""

from hypothesis import strategies as st

from bridge.core.effects import Decision, EntryKind, HistoryEntry, Record, RecordSample, RecordStart, RecordStop
from bridge.core.events import Door, Origin
from bridge.core.orders import DisplayMessage, Reservation
from bridge.core.state import BackendSession, Ending, Kept, LocalSession, NoSession, Source
from bridge.core.values import (
    Authority,
    Colour,
    IdTag,
    Mode,
    Person,
    Reading,
    ReadingContext,
    SessionId,
    StopReason,
    TagInfo,
    TagKind,
    UserId,
    Verdict,
    Why,
)
from tests.core.test_schedules import PROFILES

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
WHOLE = st.integers()
"""Beyond 64 bits as well: a register nobody has thought of must not stop the bridge."""
TEXTS = st.text(st.characters(exclude_categories=())) | st.text(max_size=5)
"""Halves of characters included."""
PHASES = st.none() | st.lists(FLOATS, max_size=3).map(tuple)
MONEY = st.decimals(allow_nan=False, allow_infinity=False)
NUMBERS = st.sampled_from([-(2**63), 2**64 - 1]) | st.integers(-10, 10)
"""Whatever JSON can carry, as a central system counts."""
TAGS = st.builds(IdTag, text=TEXTS, kind=st.none() | st.sampled_from(TagKind))
TAG_INFOS = st.builds(TagInfo, verdict=st.sampled_from(Verdict), group=st.none() | TEXTS, expires_ms=st.none() | WHOLE)
PERSONS = st.builds(
    Person,
    user=st.none() | TEXTS.map(UserId),
    name=st.none() | TEXTS,
    tag=st.none() | TAGS,
    card=st.none() | TEXTS,
    local=st.booleans(),
    mode=st.none() | st.sampled_from(Mode),
)
READINGS = st.builds(
    Reading,
    utc_ms=WHOLE,
    register_wh=WHOLE,
    power_w=st.none() | FLOATS,
    current_a=PHASES,
    voltage_v=PHASES,
    soc_percent=st.none() | FLOATS,
    offered_a=st.none() | FLOATS,
    context=st.sampled_from(ReadingContext),
    signed=st.none() | TEXTS,
)
SESSION_IDS = TEXTS.map(SessionId)
ENDINGS = st.none() | st.builds(Ending, reason=st.sampled_from(StopReason), utc_ms=WHOLE, tag=st.none() | TAGS)
BACKEND_SESSIONS = st.builds(
    BackendSession,
    id=SESSION_IDS,
    person=PERSONS,
    tag=TAGS,
    mode=st.sampled_from(Mode),
    begin=READINGS,
    started_ms=WHOLE,
    sequence=WHOLE,
    last=READINGS,
    remote=st.booleans(),
    backend_id=st.none() | st.sampled_from(["0", "-1", ""]) | TEXTS,
    group=st.none() | TEXTS,
    refused=st.none() | TAG_INFOS,
    follows=st.none() | SESSION_IDS,
    ending=ENDINGS,
    clock_trusted=st.booleans(),
)
LOCAL_SESSIONS = st.builds(
    LocalSession,
    id=SESSION_IDS,
    person=PERSONS,
    mode=st.sampled_from(Mode),
    begin=READINGS,
    started_ms=WHOLE,
    last=READINGS,
    cost=MONEY,
    price_per_kwh=st.none() | MONEY,
    priced_wh=WHOLE,
    follows=st.none() | SESSION_IDS,
    ending=ENDINGS,
)
SOURCES = st.builds(
    Source,
    name=TEXTS,
    everywhere=st.booleans(),
    allow=st.none() | st.booleans(),
    limit_w=st.none() | FLOATS,
    limit_a=st.none() | FLOATS,
    reason=st.none() | TEXTS,
)
RESERVATIONS = st.builds(
    Reservation, id=NUMBERS, connector=st.sampled_from([0, 1]), tag=TAGS, group=st.none() | TEXTS, expires_ms=st.integers(0, 2**60)
)
MESSAGES = st.builds(
    DisplayMessage,
    id=NUMBERS,
    priority=TEXTS,
    text=TEXTS,
    format=TEXTS,
    language=st.none() | TEXTS,
    state=st.none() | TEXTS,
    start_ms=st.none() | WHOLE,
    end_ms=st.none() | WHOLE,
    transaction=st.none() | TEXTS,
    told=TEXTS,
)
KEPTS = st.builds(
    Kept,
    session=st.just(NoSession()) | BACKEND_SESSIONS | LOCAL_SESSIONS,
    sources=st.lists(SOURCES, max_size=3).map(tuple),
    operative=st.booleans(),
    scheduled=st.lists(st.tuples(st.booleans(), st.booleans()), max_size=3).map(tuple),
    overrides=st.dictionaries(TEXTS, st.booleans() | WHOLE | TEXTS | st.lists(TEXTS, max_size=3).map(tuple), max_size=4),
    register_wh=st.none() | WHOLE,
    plug=st.none() | TEXTS,
    plugged=st.none() | st.booleans(),
    prices=st.lists(st.tuples(st.booleans(), MONEY), max_size=2).map(tuple),
    profiles=st.lists(PROFILES, max_size=2).map(tuple),
    reservation=st.none() | RESERVATIONS,
    messages=st.lists(MESSAGES, max_size=2).map(tuple),
)
STARTS: st.SearchStrategy[Record] = st.builds(
    RecordStart,
    session=SESSION_IDS,
    sequence=WHOLE,
    tag=TAGS,
    reading=READINGS,
    utc_ms=WHOLE,
    offline=st.booleans(),
    remote=st.booleans(),
)
SAMPLES: st.SearchStrategy[Record] = st.builds(RecordSample, session=SESSION_IDS, sequence=WHOLE, reading=READINGS, offline=st.booleans())
STOPS: st.SearchStrategy[Record] = st.builds(
    RecordStop,
    session=SESSION_IDS,
    sequence=WHOLE,
    reading=READINGS,
    utc_ms=WHOLE,
    reason=st.sampled_from(StopReason),
    tag=st.none() | TAGS,
    begin=READINGS,
    offline=st.booleans(),
)
RECORDS = STARTS | SAMPLES | STOPS
ENTRIES = st.builds(
    HistoryEntry,
    id=SESSION_IDS,
    kind=st.sampled_from(EntryKind),
    authority=st.none() | st.sampled_from(Authority),
    user=st.none() | TEXTS.map(UserId),
    name=st.none() | TEXTS,
    tag=st.none() | TAGS,
    started_ms=WHOLE,
    ended_ms=WHOLE,
    start_wh=WHOLE,
    end_wh=WHOLE,
    cost=MONEY,
    price_per_kwh=st.none() | MONEY,
    reason=TEXTS,
    mode=st.none() | st.sampled_from(Mode),
    note=st.none() | TEXTS,
)
DECISIONS = st.builds(
    Decision,
    origin=st.builds(Origin, door=st.sampled_from(Door), id=TEXTS, reader=st.none() | TEXTS, user=st.none() | TEXTS),
    colour=st.sampled_from(Colour),
    authority=st.sampled_from(Authority),
    why=st.sampled_from(Why),
    verdict=st.none() | st.sampled_from(Verdict),
    user=st.none() | TEXTS.map(UserId),
    tag=st.none() | TAGS,
    card=st.none() | TEXTS,
    utc_ms=WHOLE,
)
