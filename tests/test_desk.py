"""Answers to requests (`bridge/desk.py`)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bridge import desk as desk_module
from bridge.core.alerts import AlertId
from bridge.core.backend import AuthorizeAnswered, RecordParked
from bridge.core.effects import AskAuthorize
from bridge.core.events import StorageChanged, TimePassed, WallboxReported
from bridge.core.state import NoSession
from bridge.core.values import IdTag, ReaderId, RecordId, SessionId, TagInfo, Verdict
from bridge.mqtt.messages import ReplyTo, Request, RequestMessage, TapMessage
from bridge.mqtt.privacy import tag_ref
from tests.board import GARAGE, KEY, YARD, Board
from tests.shells import TEN_O_CLOCK_MS, Timers, turns

CARL, ROAMER = "04AAAAAA", "04EEEEEE"


@pytest.fixture
async def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Board:
    """A garage at a central system, a yard without one; no timer fires, and what was shown is off the list."""
    Timers(asyncio.get_running_loop(), monkeypatch)
    made = Board(tmp_path)
    await made.settles()
    return made


async def _answer(board: Board, request: Request, **arguments: Any) -> Any:  # noqa: ANN401
    """Everything of the one answer to a request."""
    name = f"bridge/response/{request.value}"
    before = board.topics.count(name)
    board.desk.asked(RequestMessage(request=request, arguments=arguments, reply=ReplyTo(command=request.value, transaction="t-1")))
    await turns()
    assert board.topics.count(name) == before + 1
    answer = board.json(name)
    assert answer["transaction"] == "t-1"
    return answer


async def _asks(board: Board, request: Request, **arguments: Any) -> Any:  # noqa: ANN401
    answer = await _answer(board, request, **arguments)
    assert (answer["status"], answer["error"]) == ("ok", None)
    return answer["data"]


async def _is_refused(board: Board, request: Request, **arguments: Any) -> str:  # noqa: ANN401
    answer = await _answer(board, request, **arguments)
    assert (answer["status"], answer["data"]) == ("error", None)
    return str(answer["error"])


async def _charges(board: Board, charge_point: str, tag: str) -> SessionId:
    """Plugged and tapped, and accepted where somebody is asked."""
    runtime = board.runtimes[GARAGE if charge_point == GARAGE else YARD]
    board.happens(runtime.state.rules.charge_point, WallboxReported, live=True, plugged=True)
    tap = TapMessage(reader=ReaderId("door"), tag=IdTag(text=tag), id=None, taken_ms=None, mode=None, charge_point=charge_point)
    board.site.told(tap)
    for asked in [one for one in board.wire.said if isinstance(one, AskAuthorize)]:
        board.happens(GARAGE, AuthorizeAnswered, question=asked.question, info=TagInfo(verdict=Verdict.ACCEPTED))
    await turns()
    session = runtime.state.kept.session
    assert not isinstance(session, NoSession)
    return session.id


async def test_the_status_of_everybody_or_of_one(board: Board) -> None:
    """What an operator wants to see at a glance."""
    await _charges(board, "yard", CARL)
    board.happens(GARAGE, RecordParked, record=RecordId(1), session=SessionId("s-1"), error="GenericError")
    everybody = await _asks(board, Request.STATUS)
    assert [one["charge_point"] for one in everybody] == ["garage", "yard"]
    assert list(everybody[0]["alerts"]) == ["record_parked"]
    (yard,) = await _asks(board, Request.STATUS, charge_point="yard")
    assert (yard["plugged"], yard["user"], yard["authority"], yard["register_wh"]) == (True, "carl", "local", 1000)


@pytest.mark.parametrize(
    "request_, arguments, told",
    [
        (Request.STATUS, {"charge_point": "attic"}, "garage, yard"),
        (Request.HISTORY, {"charge_point": "attic"}, "garage, yard"),
        (Request.QUEUE, {"charge_point": "attic"}, "garage, yard"),
        (Request.QUEUE_REPLAY, {"charge_point": "attic", "session": "s"}, "garage, yard"),
        (Request.QUEUE_DROP, {"charge_point": "attic", "session": "s"}, "garage, yard"),
        (Request.ALERT_CLEAR, {"charge_point": "attic", "alert": "record_parked"}, "garage, yard"),
        (Request.ALERT_CLEAR, {"csms": "attic", "alert": "unreachable"}, "fleet"),
        (Request.SESSION_STOP, {"charge_point": "attic"}, "garage, yard"),
        (Request.SESSION_STOP, {"charge_point": "yard"}, "nothing runs"),
        (Request.TAP_TEST, {"reader": "attic", "user": "carl"}, "door"),
        (Request.TAP_TEST, {"reader": "door", "user": "nobody"}, "no user 'nobody'"),
        (Request.TAP_TEST, {"reader": "door", "tag_ref": "0" * 12}, "roaming card"),
    ],
)
async def test_what_cannot_be_met_is_refused_with_the_reason(board: Board, request_: Request, arguments: dict[str, str], told: str) -> None:
    """The answer names what there is, and nothing changes."""
    before = [one.state for one in board.runtimes.values()]
    assert told in await _is_refused(board, request_, **arguments)
    assert [one.state for one in board.runtimes.values()] == before


async def test_a_session_is_stopped_and_then_in_the_history(board: Board) -> None:
    """The operator ends whatever runs; history and decisions can be asked for, all, of one, since, and the newest."""
    session = await _charges(board, "yard", CARL)
    assert await _asks(board, Request.SESSION_STOP, charge_point="yard") == {"session": session}
    board.clock.ahead_s += 60.0
    board.happens(YARD, TimePassed)
    await turns()
    assert board.runtimes[YARD].state.kept.session == NoSession()
    for chosen, found in (
        ({}, 1),
        ({"charge_point": "yard"}, 1),
        ({"charge_point": "garage"}, 0),
        ({"since": "2026-11-22T10:00:00Z"}, 1),
        ({"since": "2026-11-22T12:00:00Z"}, 0),
        ({"decisions": True, "limit": 5}, 1),
        ({"decisions": True, "charge_point": "garage"}, 0),
    ):
        assert len(await _asks(board, Request.HISTORY, **chosen)) == found, chosen


async def test_the_queue_is_shown_replayed_and_dropped(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every row with its state and error; answers to orders come when they are on the disk."""
    board.comes_online()
    session = await _charges(board, "garage", ROAMER)
    (row,) = (await _asks(board, Request.QUEUE, charge_point="garage"))["records"]
    assert (row["session"], row["csms"], row["kind"], row["state"], row["retry"]) == (session, "fleet", "start", "queued", None)
    board.runtimes[GARAGE].record_parked(RecordId(row["id"]), session, error="GenericError", retry_ms=TEN_O_CLOCK_MS)
    await turns()
    (row,) = (await _asks(board, Request.QUEUE))["records"]
    assert (row["state"], row["error"], row["retry"]) == ("parked", "GenericError", "2026-11-22T10:00:00.000Z")
    assert await _asks(board, Request.QUEUE_REPLAY, charge_point="garage", session=session) == {"records": 1}
    assert board.store.count(GARAGE).queued == 1
    monkeypatch.setattr(desk_module, "QUEUE_MAX", 0)
    assert await _asks(board, Request.QUEUE) == {"total": 1, "records": []}
    board.runtimes[GARAGE].record_parked(RecordId(row["id"]), session, error="GenericError", retry_ms=None)
    assert await _asks(board, Request.QUEUE_DROP, charge_point="garage", session=session) == {"records": 1}
    assert (await _asks(board, Request.QUEUE)) == {"total": 0, "records": []}


async def test_alerts_are_put_away_where_they_are(board: Board) -> None:
    """Of a charge point, of a central system and of the bridge."""
    board.happens(GARAGE, RecordParked, record=RecordId(1), session=SessionId("s-1"), error="GenericError")
    board.display.alert(AlertId.STALE_TAP, "late")
    board.display.unreachable("fleet", 300.0)
    assert await _asks(board, Request.ALERT_CLEAR, charge_point="garage", alert="record_parked") == {"cleared": "record_parked"}
    assert dict(board.runtimes[GARAGE].state.alerts) == {}
    await _asks(board, Request.ALERT_CLEAR, csms="fleet", alert="unreachable")
    assert board.told["csms/fleet/alert/unreachable"] == ""
    await _asks(board, Request.ALERT_CLEAR, alert="stale_tap")
    assert board.told["bridge/alert/stale_tap"] == ""


@pytest.mark.parametrize(
    "who, where, told",
    [
        ({"user": "carl"}, "yard", ("accepted", "local_permission", "local")),
        ({"user": "dora"}, "yard", ("rejected", "no_permission", "bridge")),
        ({"tag_ref": tag_ref(CARL, KEY)}, "yard", ("accepted", "local_permission", "local")),
    ],
    ids=["may", "may not", "by card"],
)
async def test_a_trial_tap_tells_what_would_happen_and_changes_nothing(
    board: Board, who: dict[str, str], where: str, told: tuple[str, str, str]
) -> None:
    """Nothing is asked, shown, stored or started."""
    board.happens(YARD, WallboxReported, live=True, plugged=True)
    await turns()
    board.display.flush()
    board.published.clear()
    before = [one.state for one in board.runtimes.values()]
    data = await _asks(board, Request.TAP_TEST, reader="door", charge_point=where, **who)
    assert (data["charge_point"], data["result"], data["reason"], data["authority"]) == (where, *told)
    assert [one.state for one in board.runtimes.values()] == before
    assert board.topics == ["bridge/response/tap_test"]
    assert board.store.decisions() == []
    assert board.wire.said == []


async def test_a_trial_tap_of_whom_the_central_system_would_be_asked_about_says_so(board: Board) -> None:
    """And a second one, while the first is really being asked, would wait for the same answer."""
    board.comes_online()
    data = await _asks(board, Request.TAP_TEST, reader="post", user="emil")
    assert data == {"charge_point": "garage", "result": "asked", "reason": None, "authority": "ocpp"}
    assert board.wire.said == []
    tap = TapMessage(reader=ReaderId("post"), tag=IdTag(text="04EEEEEE"), id=None, taken_ms=None, mode=None, charge_point=None)
    board.site.told(tap)
    assert len(board.wire.said) == 1
    data = await _asks(board, Request.TAP_TEST, reader="post", user="emil")
    assert (data["result"], data["authority"]) == ("joined", "ocpp")
    assert len(board.wire.said) == 1


async def test_a_trial_tap_at_no_charge_point_says_so(board: Board) -> None:
    """A reader that does not serve what is named."""
    data = await _asks(board, Request.TAP_TEST, reader="post", charge_point="yard", user="carl")
    assert data == {"charge_point": None, "result": "rejected", "reason": "unknown_charge_point"}


async def test_a_full_disk_is_told_by_a_trial_tap(board: Board) -> None:
    """What the lamp would say now, not on a better day."""
    board.happens(YARD, StorageChanged, ok=False)
    data = await _asks(board, Request.TAP_TEST, reader="door", charge_point="yard", user="carl")
    assert (data["result"], data["reason"]) == ("rejected", "storage")
