"""What is shown, when, and what is not shown again (`bridge/display.py`)."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.backend import CostTold, MessageSent, RecordParked, VendorMessageReceived
from bridge.core.effects import Command, Decision, EntryKind, HistoryEntry, InstallFirmware
from bridge.core.events import Door, MeterReported, Origin, WallboxReported
from bridge.core.orders import DisplayMessage, FirmwareJob
from bridge.core.values import (
    Authority,
    ChargePointId,
    Colour,
    CommandId,
    IdTag,
    Mode,
    Person,
    ReaderId,
    RecordId,
    RequestId,
    SessionId,
    UserId,
    Why,
)
from bridge.display import FOLLOW_S
from tests.board import GARAGE, YARD, Board
from tests.shells import TEN_O_CLOCK_MS, Timers, turns

ORIGIN = Origin(door=Door.READER, id="tap-1", reader=ReaderId("door"))
GREEN = Decision(
    origin=ORIGIN,
    colour=Colour.GREEN,
    authority=Authority.OCPP,
    why=Why.ACCEPTED,
    verdict=None,
    user=None,
    tag=None,
    card=None,
    utc_ms=TEN_O_CLOCK_MS,
)


@pytest.fixture
async def timers(monkeypatch: pytest.MonkeyPatch) -> Timers:
    """Every timer, kept instead of waited for."""
    return Timers(asyncio.get_running_loop(), monkeypatch)


@pytest.fixture
async def board(tmp_path: Path, timers: Timers) -> Board:
    """A garage at a central system and a yard without one; everything has been shown once and taken off the list."""
    made = Board(tmp_path)
    await made.settles()
    assert timers.waits_s == []
    return made


# --- dashboards -------------------------------------------------------------------------------------------------------------------


async def test_a_new_charge_point_is_shown_whole(tmp_path: Path, timers: Timers) -> None:
    """After a start every retained topic is written, so that nothing old stands there; a link's only where there is one."""
    board = Board(tmp_path)
    for runtime in board.runtimes.values():
        board.display.changed(runtime, runtime.state)
    assert board.topics == []
    timers.fire()
    assert {"charge_point/garage/status", "charge_point/garage/ocpp/queue", "charge_point/yard/status"} <= set(board.topics)
    assert not [topic for topic in board.topics if topic.startswith("charge_point/yard/ocpp/")]


async def test_only_what_is_different_is_shown(board: Board, timers: Timers) -> None:
    """A meter that speaks moves the power, not thirty other topics."""
    board.happens(GARAGE, MeterReported, live=True, power_w=40.0)
    timers.fire()
    assert board.told == {"charge_point/garage/power_w": "40"}


async def test_what_happens_together_is_shown_once(board: Board, timers: Timers) -> None:
    """A hundred readings are one line on a dashboard, the newest, a tenth of a second later."""
    for power_w in range(1, 100):
        board.happens(GARAGE, MeterReported, live=True, power_w=float(power_w))
    assert board.topics == []
    assert timers.waits_s == [FOLLOW_S]
    timers.fire()
    assert [(one.topic, one.payload) for one in board.published] == [("evbridge/charge_point/garage/power_w", b"99")]
    assert timers.waits_s == []


async def test_what_came_back_in_time_is_not_shown(board: Board, timers: Timers) -> None:
    """Nothing has changed for whoever looks."""
    board.happens(GARAGE, WallboxReported, live=True, plugged=True)
    board.happens(GARAGE, WallboxReported, live=True, plugged=False)
    board.happens(GARAGE, WallboxReported, live=True, plugged=True)
    timers.fire()
    assert board.told["charge_point/garage/status"] == "Preparing"
    board.published.clear()
    board.happens(GARAGE, WallboxReported, live=True, plugged=False)
    board.happens(GARAGE, WallboxReported, live=True, plugged=True)
    timers.fire()
    assert board.topics == []


async def test_what_people_are_to_read_is_shown_by_difference(board: Board, timers: Timers) -> None:
    """A text of the central system, and what the session costs; each only when it changes."""
    message = DisplayMessage(id=1, priority="InFront", text="Welcome", format="UTF8")
    board.happens(GARAGE, MessageSent, request=RequestId("r-1"), message=message)
    timers.fire()
    assert list(board.told) == ["charge_point/garage/display"]
    assert '"text":"Welcome"' in board.told["charge_point/garage/display"]
    board.published.clear()
    garage = board.runtimes[GARAGE]
    garage._state = replace(garage.state, billed=SessionId("s-1"))
    board.happens(GARAGE, CostTold, backend_id="s-1", cost=1.25)
    timers.fire()
    assert list(board.told) == ["charge_point/garage/cost_update"]
    assert board.told["charge_point/garage/cost_update"].startswith('{"cost":1.25,"currency":"EUR",')


async def test_a_new_charge_point_without_a_display_has_none(tmp_path: Path) -> None:
    """What an earlier configuration left there is emptied."""
    board = Board(tmp_path)
    for runtime in board.runtimes.values():
        board.display.changed(runtime, runtime.state)
    board.display.flush()
    assert (board.told["charge_point/garage/display"], board.told["charge_point/yard/display"]) == ("[]", "")
    assert board.told["charge_point/garage/cost_update"] == board.told["charge_point/yard/cost_update"] == ""


async def test_a_vendor_s_words_are_put_to_the_flows_at_once(board: Board) -> None:
    """Whoever asks waits."""
    board.happens(GARAGE, VendorMessageReceived, request=RequestId("r-1"), vendor="com.example", message=None, data='{"a":1}')
    await turns()
    assert list(board.told) == ["charge_point/garage/data_transfer"]
    assert '"id":"r-1","vendor_id":"com.example","message_id":null,"data":{"a":1}' in board.told["charge_point/garage/data_transfer"]


async def test_the_links_own_word_is_shown(board: Board, timers: Timers) -> None:
    """Whether it is connected, what the central system says at registration, and what went wrong."""
    board.runtimes[GARAGE].link_changed(connected=True, boot_status="Pending", error="not yet", version="ocpp2.0.1")
    timers.fire()
    assert board.told == {
        "charge_point/garage/ocpp/connected": "true",
        "charge_point/garage/ocpp/boot_status": "Pending",
        "charge_point/garage/ocpp/last_error": "not yet",
        "charge_point/garage/ocpp/version": "ocpp2.0.1",
    }


async def test_online_is_told_when_it_changes_and_to_the_monitor_at_once(board: Board) -> None:
    """The monitor of a central system hears of every coming and going, and of nothing else."""
    heard: list[tuple[ChargePointId, bool]] = []
    board.display.online_changed = lambda charge_point, online: heard.append((charge_point, online))
    board.comes_online()
    board.happens(GARAGE, MeterReported, live=True, power_w=1.0)
    assert heard == [(GARAGE, True)]
    board.goes_offline()
    assert heard == [(GARAGE, True), (GARAGE, False)]


async def test_the_last_of_it_is_shown_before_a_stop(board: Board, timers: Timers) -> None:
    """A bridge that stops leaves a true picture, and no timer."""
    board.display.alert(AlertId.UNKNOWN_ID, "who is that")
    board.happens(YARD, MeterReported, live=True, power_w=40.0)
    board.display.stop()
    assert board.told["charge_point/yard/power_w"] == "40"
    assert timers.waits_s == []
    board.happens(YARD, MeterReported, live=True, power_w=50.0)
    assert timers.waits_s == [], "a commit that comes late finds the database closed"


# --- lamps and commands -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reader, led_ms",
    [("door", 4000), ("post", 700), ("attic", 700)],
    ids=["held longer", "as usual", "not configured"],
)
async def test_a_lamp_is_lit_at_once_and_as_long_as_its_reader_wants(board: Board, reader: str, led_ms: int) -> None:
    """A controller that polls every two seconds gets four; nothing waits for the dashboards."""
    decision = replace(GREEN, origin=replace(ORIGIN, reader=ReaderId(reader)))
    board.display.decided(board.runtimes[GARAGE], decision)
    lamp, off = board.published[:2]
    assert (lamp.topic, lamp.payload, lamp.after_s) == (f"evbridge/nfc/{reader}/led", b"green", 0.0)
    assert (off.topic, off.payload, off.after_s) == (f"evbridge/nfc/{reader}/led", b"off", led_ms / 1000)
    assert board.json(f"nfc/{reader}/decision")["led_ms"] == led_ms
    assert board.json("charge_point/garage/decision")["csms"] == "fleet"


async def test_a_refusal_of_the_bridge_is_nobodys_but_the_readers(board: Board) -> None:
    """Where no charge point was found, none of them shows a decision."""
    board.display.refused(replace(GREEN, colour=Colour.RED, authority=Authority.BRIDGE, why=Why.NO_CHARGE_POINT))
    assert board.topics == ["nfc/door/led", "nfc/door/led", "nfc/door/decision"]
    assert board.json("nfc/door/decision")["charge_point"] is None


async def test_an_app_gets_its_answer_and_no_lamp(board: Board) -> None:
    """There is no reader to light."""
    origin = Origin(door=Door.APP, id="press-1", user=UserId("carl"))
    board.display.decided(board.runtimes[YARD], replace(GREEN, origin=origin, authority=Authority.LOCAL))
    assert board.topics == ["users/carl/decision", "charge_point/yard/decision"]
    assert board.json("users/carl/decision")["id"] == "press-1"
    assert board.json("users/carl/decision")["led_ms"] == 700


async def test_commands_go_to_the_wallbox_at_once(board: Board) -> None:
    """The hardware is told under its own name, which may be another than the charge point's."""
    garage = board.runtimes[GARAGE]
    board.display.commanded(garage, Command(enabled=True, limit_a=16.0, limit_w=11_040.0, mode=Mode.ECO, reason=""))
    assert board.told["wallbox/box/command/enabled"] == "true"
    assert board.told["wallbox/box/command/limit_a"] == "16"
    board.display.unlock(garage, CommandId("c-1"))
    board.display.reset(garage, CommandId("c-2"))
    assert [board.json(f"wallbox/box/command/{what}")["id"] for what in ("unlock", "reset")] == ["c-1", "c-2"]


@pytest.mark.parametrize("charge_point, csms", [(GARAGE, "fleet"), (YARD, None)])
async def test_a_finished_session_is_published_and_stays_as_the_last(board: Board, charge_point: ChargePointId, csms: str | None) -> None:
    """Once to whoever keeps books, and retained for whoever looks later."""
    entry = HistoryEntry(
        id=SessionId("s-1"),
        kind=EntryKind.OCPP,
        authority=Authority.OCPP,
        user=None,
        name=None,
        tag=None,
        started_ms=TEN_O_CLOCK_MS,
        ended_ms=TEN_O_CLOCK_MS + 60_000,
        start_wh=1000,
        end_wh=1500,
        cost=board.nothing,
        price_per_kwh=None,
        reason="Local",
    )
    board.display.finished(board.runtimes[charge_point], entry)
    retained = {one.topic.rpartition("/")[2]: one.retained for one in board.published}
    assert retained == {"history": False, "last_session": True}
    assert board.json(f"charge_point/{charge_point}/history")["csms"] == csms


async def test_who_a_tag_belongs_to_depends_on_where(board: Board) -> None:
    """The site is asked with the charge point; before it is there a tag is only a tag."""
    tag = IdTag(text="04AA")
    assert board.display.person(board.runtimes[YARD], tag) == Person(tag=tag, card="04AA")
    board.display.holder = lambda one, charge_point: Person(tag=one, name=charge_point)
    assert board.display.person(board.runtimes[YARD], tag).name == YARD


# --- alerts -----------------------------------------------------------------------------------------------------------------------


async def test_a_charge_points_alert_goes_up_changes_and_comes_down(board: Board, timers: Timers) -> None:
    """Retained until it is solved; the same words are not said twice."""
    name = "charge_point/garage/alert/record_parked"
    for session, said in (("s-1", True), ("s-1", False), ("s-2", True)):
        board.published.clear()
        board.happens(GARAGE, RecordParked, record=RecordId(1), session=SessionId(session), error="GenericError")
        board.display.flush()
        assert (name in board.topics) is said
    assert "s-2" in board.told[name]
    assert board.display.alerts_standing() == 1
    board.clears(GARAGE, AlertId.RECORD_PARKED)
    board.display.flush()
    assert board.told[name] == ""
    assert board.display.alerts_standing() == 0


async def test_an_alert_of_the_bridge_passes_by_itself(board: Board, timers: Timers) -> None:
    """Told once, counted from its last time, gone after an hour."""
    name = "bridge/alert/unknown_id"
    board.display.alert(AlertId.UNKNOWN_ID, "who is that")
    board.display.alert(AlertId.UNKNOWN_ID, "who is that")
    assert board.topics == [name]
    assert timers.waits_s == [PASSING_S]
    assert board.display.alerts_standing() == 1
    timers.fire()
    assert board.told[name] == ""
    assert board.display.alerts_standing() == 0


async def test_an_alert_that_must_be_solved_stays_until_it_is(board: Board, timers: Timers) -> None:
    """A full disk does not mend itself by waiting."""
    board.display.alert(AlertId.STORAGE, "passing", passing=True)
    board.display.alert(AlertId.STORAGE, "the disk is full", passing=False)
    assert timers.waits_s == []
    board.published.clear()
    board.display.clear(AlertId.STORAGE)
    board.display.clear(AlertId.STORAGE)
    assert [(one.topic, one.payload) for one in board.published] == [("evbridge/bridge/alert/storage", b"")]


async def test_a_cleared_alert_leaves_no_timer(board: Board, timers: Timers) -> None:
    """An old hour must not end a new alert."""
    board.display.alert(AlertId.STALE_TAP, "late")
    board.display.clear(AlertId.STALE_TAP)
    assert timers.waits_s == []


async def test_a_central_system_that_is_away_is_told_under_its_name(board: Board) -> None:
    """And taken back on its return."""
    board.display.unreachable("fleet", 300.0)
    assert "300 s" in board.told["csms/fleet/alert/unreachable"]
    board.display.unreachable("fleet", None)
    assert board.told["csms/fleet/alert/unreachable"] == ""


async def test_firmware_is_handed_to_the_wallbox_at_once(board: Board) -> None:
    """The wallbox goes by its own name, and answers under the id of the command."""
    job = FirmwareJob(id=1, location="https://files.example/1.bin")
    board.display.install_firmware(board.runtimes[GARAGE], InstallFirmware(command=CommandId("c-1"), job=job))
    assert board.topics == ["wallbox/box/command/firmware"]
    assert not board.published[0].retained
