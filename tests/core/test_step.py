"""`step`: total, pure, and the only way a charge point changes."""

import copy
from collections.abc import Callable
from typing import Any, get_args

import pytest

from bridge.core.backend import (
    AuthorizeAnswered,
    AuthorizeFailed,
    AvailabilityRequested,
    BackendOffline,
    BackendOnline,
    CacheClearRequested,
    CostTold,
    CustomerForgotten,
    FirmwareRequested,
    ListSent,
    LogRequested,
    MessageCleared,
    MessageSent,
    NoteRequested,
    ProfilesCleared,
    ProfileSent,
    ReadingRequested,
    RecordDelivered,
    RecordParked,
    RemoteStartRequested,
    RemoteStopRequested,
    ReservationCancelRequested,
    ReservationRequested,
    ResetKind,
    ResetRequested,
    SettingChangeRequested,
    SettingsChangeRequested,
    UnlockRequested,
    VendorMessageReceived,
)
from bridge.core.effects import AnnounceStatus, CommandHardware
from bridge.core.events import (
    AlertCleared,
    AnyEvent,
    BrokerLost,
    BrokerSynchronised,
    ClockCorrected,
    CommandAnswered,
    Door,
    EnergyManaged,
    FirmwareReported,
    GrantMoved,
    GrantWithdrawn,
    MeterReported,
    Origin,
    PriceChanged,
    Restarted,
    SessionStopOrdered,
    StopPressed,
    StorageChanged,
    TagPresented,
    TimePassed,
    UploadProgressed,
    VendorMessageAnswered,
    VendorReply,
    WallboxReported,
)
from bridge.core.orders import (
    ChargingProfile,
    ChargingSchedule,
    DisplayMessage,
    FirmwareJob,
    LogJob,
    LogKind,
    ProfileFilter,
    ProfileKind,
    ProfilePurpose,
    RateUnit,
    Reservation,
    SchedulePeriod,
)
from bridge.core.settings import Ability, Settings
from bridge.core.state import State
from bridge.core.step import step
from bridge.core.values import CommandId, IdTag, QuestionId, RecordId, RequestId, SessionId, UserId
from tests.core.laws import Ledger
from tests.core.world import ACCEPTED, BEN, CARL, FAMILY, INVALID, ROAMER, STRANGER, Bench, charging, plugged, ready

REQUEST = RequestId("request")
RESERVATION = Reservation(id=1, connector=1, tag=IdTag(text="RES-1"), group=None, expires_ms=10**15)
PROFILE = ChargingProfile(
    id=1,
    connector=1,
    purpose=ProfilePurpose.TX_DEFAULT,
    stack_level=0,
    kind=ProfileKind.RELATIVE,
    schedule=ChargingSchedule(id=None, unit=RateUnit.AMPERES, periods=(SchedulePeriod(start_s=0, limit=8.0),)),
)

EVENTS: list[tuple[type[AnyEvent], dict[str, Any]]] = [
    (Restarted, {"planned": True}),
    (TimePassed, {}),
    (BrokerSynchronised, {}),
    (BrokerLost, {}),
    (StorageChanged, {"ok": False}),
    (StorageChanged, {"ok": True}),
    (ClockCorrected, {"before_ms": 10**15, "by_ms": 1000, "trusted": True}),
    (WallboxReported, {"live": True, "plugged": True}),
    (WallboxReported, {"live": True, "plugged": False}),
    (WallboxReported, {"live": False, "plugged": None, "cp_state": "F"}),
    (MeterReported, {"live": True, "register_wh": 1100.0, "power_w": 0.0}),
    (MeterReported, {"live": True, "register_wh": 0.0}),
    (CommandAnswered, {"command": CommandId("x"), "ok": False}),
    (TagPresented, {"origin": Origin(door=Door.READER, id="tap"), "person": BEN}),
    (TagPresented, {"origin": Origin(door=Door.APP, id="tap"), "person": CARL, "start_only": True}),
    (GrantMoved, {"person": CARL, "mode": None, "authority_local": True, "group": None}),
    (GrantWithdrawn, {}),
    (StopPressed, {"origin": Origin(door=Door.APP, id="tap"), "user": UserId("ben")}),
    (SessionStopOrdered, {}),
    (AlertCleared, {"alert": "meter_jump"}),
    (EnergyManaged, {"source": "sun", "everywhere": True, "allow": False}),
    (PriceChanged, {"everywhere": False, "per_kwh": 0.3}),
    (BackendOnline, {"clock_offset_ms": 0}),
    (BackendOffline, {}),
    (AuthorizeAnswered, {"question": QuestionId("x"), "info": ACCEPTED, "tag": ROAMER.tag}),
    (AuthorizeFailed, {"question": QuestionId("x")}),
    (RecordDelivered, {"record": RecordId(1), "session": SessionId("x"), "starts": True, "info": INVALID, "tag": ROAMER.tag}),
    (RecordParked, {"record": RecordId(1), "session": SessionId("x"), "error": "GenericError"}),
    (RemoteStartRequested, {"request": REQUEST, "person": ROAMER}),
    (RemoteStopRequested, {"request": REQUEST, "backend_id": "7"}),
    (ResetRequested, {"request": REQUEST, "kind": ResetKind.HARD}),
    (AvailabilityRequested, {"request": REQUEST, "operative": False, "station": True}),
    (UnlockRequested, {"request": REQUEST}),
    (CacheClearRequested, {"request": REQUEST}),
    (SettingChangeRequested, {"request": REQUEST, "name": "cache_enabled", "value": False}),
    (SettingsChangeRequested, {"request": REQUEST, "changes": (("sample_interval_s", 20), ("aligned_interval_s", 900))}),
    (CustomerForgotten, {"request": REQUEST, "tag": ROAMER.tag}),
    (ReadingRequested, {}),
    (ListSent, {"request": REQUEST, "version": 1, "full": True, "entries": (), "size": 0}),
    (ReservationRequested, {"request": REQUEST, "reservation": RESERVATION}),
    (ReservationCancelRequested, {"request": REQUEST, "reservation": 1}),
    (ProfileSent, {"request": REQUEST, "profile": PROFILE}),
    (ProfilesCleared, {"request": REQUEST, "which": ProfileFilter()}),
    (MessageSent, {"request": REQUEST, "message": DisplayMessage(id=1, priority="InFront", text="hello", format="UTF8")}),
    (MessageCleared, {"request": REQUEST, "message": 1}),
    (CostTold, {"backend_id": "7", "cost": 1.5}),
    (VendorMessageReceived, {"request": REQUEST, "vendor": "com.example", "message": None, "data": "x"}),
    (VendorMessageAnswered, {"request": REQUEST, "reply": VendorReply.ACCEPTED, "data": "1"}),
    (LogRequested, {"request": REQUEST, "job": LogJob(id=1, kind=LogKind.DIAGNOSTICS, location="http://files.example/")}),
    (UploadProgressed, {"job": 1, "status": "Uploaded"}),
    (FirmwareRequested, {"request": REQUEST, "job": FirmwareJob(id=1, location="http://files.example/f")}),
    (FirmwareReported, {"status": "Installed"}),
    (NoteRequested, {"request": REQUEST, "name": "monitors", "text": "[]"}),
]


def _recovering() -> Bench:
    bench = charging()
    bench.restarts()
    bench.synchronises()
    return bench


def _asking() -> Bench:
    bench = plugged()
    bench.taps(ROAMER)
    return bench


def _granted() -> Bench:
    bench = ready()
    bench.taps(CARL)
    return bench


def _waiting_for_the_meter() -> Bench:
    bench = plugged()
    bench.meters(None)
    bench.taps(CARL)
    return bench


def _ending() -> Bench:
    bench = charging()
    bench.happens(SessionStopOrdered)
    return bench


def _asked_to_stop() -> Bench:
    bench = charging(info=FAMILY)
    bench.passes(20)
    bench.taps(STRANGER)
    return bench


def _refused() -> Bench:
    bench = charging(settings=Settings(stop_on_invalid=False, max_energy_on_invalid_wh=50))
    bench.takes_record(backend_id="7", info=INVALID)
    return bench


def _unlocking() -> Bench:
    bench = ready()
    bench.happens(UnlockRequested, request=REQUEST)
    return bench


def _busy_with_orders() -> Bench:
    bench = ready(vendors=("com.example",), can=frozenset({Ability.DISPLAY}))
    bench.happens(ReservationRequested, request=RequestId("r-1"), reservation=RESERVATION)
    bench.happens(MessageSent, request=RequestId("r-2"), message=DisplayMessage(id=1, priority="InFront", text="hello", format="UTF8"))
    bench.happens(VendorMessageReceived, request=REQUEST, vendor="com.example", message=None, data=None)
    return bench


STATES: dict[str, Callable[[], Bench]] = {
    "just born": Bench,
    "ready": ready,
    "plugged": plugged,
    "asking": _asking,
    "permitted": _granted,
    "waiting for the meter": _waiting_for_the_meter,
    "charging": charging,
    "charging locally": lambda: charging(CARL),
    "asked to stop": _asked_to_stop,
    "refused": _refused,
    "ending": _ending,
    "recovering": _recovering,
    "unlocking": _unlocking,
    "reserved, a text shown, a vendor's message put": _busy_with_orders,
}


def _id(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize("name", STATES)
@pytest.mark.parametrize("kind, fields", EVENTS, ids=lambda value: value.__name__ if isinstance(value, type) else "")
def test_every_event_is_answered_in_every_state(name: str, kind: type[AnyEvent], fields: dict[str, Any]) -> None:
    """The matrix has no empty cell. The state before is as it was; the same event gives the same step; the laws hold."""
    bench = STATES[name]()
    if kind is Restarted:
        bench.state = bench._born(bench.state.kept)
    event = kind(at=bench.now, fresh=SessionId("fresh"), **fields)
    before = copy.deepcopy(bench.state)
    once, twice = step(bench.state, event), step(bench.state, event)
    assert bench.state == before
    assert (once.state, once.effects) == (twice.state, twice.effects)
    ledger = Ledger()
    ledger.told_s = bench.now_s
    ledger.records += bench.records
    ledger.told = bench.asked_for(CommandHardware)[-1].command if bench.asked_for(CommandHardware) else None
    ledger.waiting = dict.fromkeys((origin.id for origin in getattr(bench.state.pending, "origins", ())), 0.0)
    ledger.watch(bench.state, event, once.state, once.effects)


def test_the_matrix_knows_every_event() -> None:
    assert {kind for kind, _ in EVENTS} == set(get_args(AnyEvent))


# --- what follows from the difference -------------------------------------------------------------------------------------------------


def test_the_outside_is_told_of_changes_and_of_nothing_else() -> None:
    bench = plugged()
    for _ in range(3):
        bench.wallbox(plugged=True)
        bench.meters(1000)
        assert not bench.just_asked_for(AnnounceStatus)
        assert not bench.just_asked_for(CommandHardware)
    bench.unplugs()
    assert bench.tells_status
    assert not bench.just_asked_for(CommandHardware)


def test_now_is_the_time_of_the_newest_event() -> None:
    bench = ready()
    bench.passes(7)
    assert isinstance(bench.state, State)
    assert bench.state.now == bench.now


def test_a_lost_broker_leaves_what_is_known_and_nothing_live() -> None:
    bench = charging()
    bench.loses_the_broker()
    assert not bench.state.synchronised
    assert (bench.state.hardware.live, bench.state.meter.live) == (False, False)
    assert bench.state.hardware.plugged
    assert bench.runs == "backend"


# --- clocks -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("C4")
@pytest.mark.parametrize("offset_ms, told", [(60_000, False), (60_001, True), (-60_001, True), (0, False)])
def test_a_central_system_whose_clock_is_a_minute_off_is_an_alert(offset_ms: int, told: bool) -> None:
    bench = ready()
    bench.backend_comes(offset_ms=offset_ms)
    assert ("clock_skew" in bench.alerts) is told
    bench.passes(86_400)
    assert ("clock_skew" in bench.alerts) is told, "it does not pass by itself"
    bench.backend_comes(offset_ms=100)
    assert not bench.alerts


def test_energy_goes_off_with_the_very_step_that_says_so() -> None:
    for ends in (Bench.unplugs, lambda bench: bench.energy(allow=False), lambda bench: bench.wallbox(fault="GroundFailure"), Bench.resets):
        bench = charging()
        ends(bench)
        assert [effect.command.enabled for effect in bench.just_asked_for(CommandHardware)] == [False]
