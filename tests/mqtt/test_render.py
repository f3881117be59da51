"""What leaves for the broker: every message is held against the schema of its topic."""

import json
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bridge.core.alerts import AlertId
from bridge.core.effects import AskSite, Command, Decision, EntryKind, HistoryEntry, InstallFirmware
from bridge.core.events import Door, Origin
from bridge.core.orders import DisplayMessage, FirmwareJob
from bridge.core.values import (
    Authority,
    Colour,
    CommandId,
    IdTag,
    LimitBy,
    Mode,
    ReaderId,
    RequestId,
    SessionId,
    Status,
    UserId,
    Verdict,
    Why,
)
from bridge.core.view import SessionView, View
from bridge.mqtt.messages import ReplyTo
from bridge.mqtt.names import Names
from bridge.mqtt.payloads import value_of
from bridge.mqtt.privacy import tag_ref
from bridge.mqtt.publications import Publication
from bridge.mqtt.render import Health, Info, LinkView, Renderer

KEY = b"secret of this installation"
NAMES = Names()
RENDER = Renderer(names=NAMES, key=KEY)
NOON_MS = 1_769_860_800_000
NOON = "2026-01-31T12:00:00.000Z"
CARD = "04A2B3C4D5E6F7"


def shown(messages: Iterable[Publication]) -> dict[str, Any]:
    """Topics below the root with their values; each is checked by its schema and has the manners of its row."""
    found: dict[str, Any] = {}
    for message in messages:
        place = NAMES.parse(message.topic)
        assert place is not None
        assert (message.retained, message.qos, message.floor_s) == (place.topic.retained, place.topic.qos, place.topic.floor_s)
        value = value_of(place.topic.schema, message.payload) if message.payload else None
        name = message.topic.removeprefix("evbridge/")
        assert name not in found or message.after_s
        found[name if not message.after_s else f"{name} after {message.after_s:g} s"] = value
    return found


DECISION = Decision(
    origin=Origin(door=Door.READER, id="t-17", reader=ReaderId("front")),
    colour=Colour.GREEN,
    authority=Authority.OCPP,
    why=Why.ACCEPTED,
    verdict=Verdict.ACCEPTED,
    user=None,
    tag=IdTag(text=CARD),
    card=CARD,
    utc_ms=NOON_MS,
)
SAID = {
    "id": "t-17",
    "charge_point": "garage",
    "result": "accepted",
    "authority": "ocpp",
    "csms": "office",
    "ocpp_status": "Accepted",
    "reason": "accepted",
    "user": None,
    "tag_masked": "****E6F7",
    "tag_ref": tag_ref(CARD, KEY),
    "led": "green",
    "led_ms": 700,
    "ts": NOON,
}


def test_a_tap_is_answered_on_three_topics_and_the_lamp_comes_first() -> None:
    """The driver looks at the lamp; flows and dashboards read the rest."""
    messages = RENDER.decision(DECISION, charge_point="garage", csms="office")
    assert [message.topic.removeprefix("evbridge/") for message in messages] == [
        "nfc/front/led",
        "nfc/front/led",
        "nfc/front/decision",
        "charge_point/garage/decision",
    ]
    assert shown(messages) == {
        "nfc/front/led": "green",
        "nfc/front/led after 0.7 s": "off",
        "nfc/front/decision": SAID,
        "charge_point/garage/decision": SAID,
    }


def test_a_controller_that_polls_gets_a_longer_pulse() -> None:
    """Loxone looks every two seconds."""
    found = shown(RENDER.decision(DECISION, charge_point="garage", csms="office", led_ms=4000))
    assert found["nfc/front/led after 4 s"] == "off"
    assert found["nfc/front/decision"]["led_ms"] == 4000


def test_a_red_decision_without_charge_point_is_told_at_the_reader() -> None:
    decision = replace(DECISION, colour=Colour.RED, authority=Authority.BRIDGE, why=Why.NO_CHARGE_POINT, verdict=None)
    found = shown(RENDER.decision(decision, charge_point=None, csms=None))
    assert set(found) == {"nfc/front/led", "nfc/front/led after 0.7 s", "nfc/front/decision"}
    assert found["nfc/front/decision"] == {
        **SAID,
        "charge_point": None,
        "result": "rejected",
        "authority": "bridge",
        "csms": None,
        "ocpp_status": None,
        "reason": "no_charge_point",
        "led": "red",
    }


def test_an_app_is_answered_under_its_own_id() -> None:
    origin = Origin(door=Door.APP, id="phone-1", user=UserId("ada"))
    decision = replace(
        DECISION, origin=origin, authority=Authority.LOCAL, why=Why.LOCAL_PERMISSION, user=UserId("ada"), tag=None, card=None
    )
    found = shown(RENDER.decision(decision, charge_point="garage", csms="office"))
    assert set(found) == {"users/ada/decision", "charge_point/garage/decision"}
    assert found["users/ada/decision"]["id"] == "phone-1"
    assert found["users/ada/decision"]["csms"] is None
    assert found["users/ada/decision"]["tag_masked"] is None
    assert found["users/ada/decision"]["tag_ref"] is None


def test_the_card_in_hand_is_referred_to_not_the_tag_shown_to_the_central_system() -> None:
    """A flow matches what was held to the reader (B2)."""
    decision = replace(DECISION, tag=IdTag(text="COMPANY-1"), user=UserId("ada"))
    found = shown(RENDER.decision(decision, charge_point="garage", csms="office"))
    assert found["nfc/front/decision"]["tag_ref"] == tag_ref(CARD, KEY)
    roaming = replace(DECISION, card=None)
    assert shown(RENDER.decision(roaming, charge_point="garage", csms="office"))["nfc/front/decision"]["tag_ref"] == tag_ref(CARD, KEY)


@pytest.mark.parametrize("why", Why)
@pytest.mark.parametrize("authority", Authority)
def test_every_reason_and_authority_has_its_word_in_the_schema(why: Why, authority: Authority) -> None:
    assert shown(RENDER.decision(replace(DECISION, why=why, authority=authority), charge_point="garage", csms="office"))


COMMAND = Command(enabled=True, limit_a=16.0, limit_w=11040.0, mode=Mode.ECO, reason="charging")


def test_a_release_is_preceded_by_its_limits() -> None:
    """No wallbox starts with the limit of yesterday."""
    names = [message.topic.rpartition("/")[2] for message in RENDER.command("wb1", COMMAND)]
    assert names == ["limit_a", "limit_w", "enabled", "mode", "reason"]
    assert [message.payload for message in RENDER.command("wb1", COMMAND)] == [b"16", b"11040", b"true", b"eco", b"charging"]


def test_switching_off_comes_first() -> None:
    found = shown(RENDER.command("wb1", replace(COMMAND, enabled=False, limit_a=0.0, limit_w=0.0, reason="grid\noperator")))
    assert list(found) == [f"wallbox/wb1/command/{name}" for name in ("enabled", "limit_a", "limit_w", "mode", "reason")]
    assert found["wallbox/wb1/command/enabled"] is False
    assert found["wallbox/wb1/command/limit_a"] == 0
    assert found["wallbox/wb1/command/reason"] == "grid operator"


def test_unlock_and_reset_carry_the_id_that_the_result_repeats() -> None:
    command = CommandId("5f0c9a-00000007")
    found = shown([RENDER.unlock("wb1", command, NOON_MS), RENDER.reset("wb1", command, NOON_MS)])
    assert found == {
        "wallbox/wb1/command/unlock": {"id": command, "ts": NOON},
        "wallbox/wb1/command/reset": {"id": command, "ts": NOON},
    }


def test_firmware_is_told_with_what_is_known_of_it() -> None:
    """Certificate and signature are the hardware's to check."""
    job = FirmwareJob(id=1, location="https://files.example/1.bin")
    command = CommandId("5f0c9a-00000007")
    bare = {"id": command, "url": job.location, "ts": NOON}
    assert shown([RENDER.firmware("wb1", InstallFirmware(command=command, job=job), NOON_MS)]) == {"wallbox/wb1/command/firmware": bare}
    signed = replace(job, retrieve_ms=NOON_MS, install_ms=NOON_MS, certificate="PEM", signature="SIGN")
    told = bare | {"retrieve_at": NOON, "install_at": NOON, "signing_certificate": "PEM", "signature": "SIGN"}
    assert shown([RENDER.firmware("wb1", InstallFirmware(command=command, job=signed), NOON_MS)]) == {"wallbox/wb1/command/firmware": told}


SESSION = SessionView(
    id=SessionId("5f0c9a-00000007"),
    authority=Authority.OCPP,
    user="Ada",
    tag=IdTag(text=CARD),
    started_ms=NOON_MS,
    start_wh=1000,
    energy_wh=1500,
    price=None,
    cost=None,
    backend_id="4711",
    mode=Mode.ECO,
)
VIEW = View(
    status=Status.CHARGING,
    online=True,
    authority=Authority.OCPP,
    user="Ada",
    mode=Mode.ECO,
    energy_wh=1500,
    power_w=11040.04,
    limit_w=11040.0,
    limit_by=LimitBy.EMS,
    price=None,
    cost=None,
    session=SESSION,
)
IDLE = replace(VIEW, status=Status.AVAILABLE, authority=None, user=None, energy_wh=None, power_w=None, session=None)


def test_a_dashboard_sees_scalars_and_the_session_as_one_object() -> None:
    assert shown(RENDER.view("garage", VIEW, csms="office")) == {
        "charge_point/garage/status": "Charging",
        "charge_point/garage/online": True,
        "charge_point/garage/authority": "ocpp",
        "charge_point/garage/user": "Ada",
        "charge_point/garage/mode": "eco",
        "charge_point/garage/energy_wh": 1500,
        "charge_point/garage/power_w": 11040.04,
        "charge_point/garage/limit_w": 11040,
        "charge_point/garage/limit_by": "ems",
        "charge_point/garage/price": None,
        "charge_point/garage/cost": None,
        "charge_point/garage/session": {
            "id": "5f0c9a-00000007",
            "authority": "ocpp",
            "csms": "office",
            "user": "Ada",
            "tag_masked": "****E6F7",
            "tag_ref": tag_ref(CARD, KEY),
            "mode": "eco",
            "started": NOON,
            "start_wh": 1000,
            "energy_wh": 1500,
            "price_per_kwh": None,
            "cost": None,
            "currency": "EUR",
            "transaction": "4711",
        },
    }


def test_a_local_session_shows_price_and_cost_and_no_central_system() -> None:
    """B11."""
    session = replace(SESSION, authority=Authority.LOCAL, tag=None, backend_id=None, price=Decimal("0.35"), cost=Decimal("0.525000"))
    view = replace(VIEW, authority=Authority.LOCAL, price=Decimal("0.35"), cost=Decimal("0.525"), session=session)
    found = shown(RENDER.view("garage", view, csms="office"))
    assert found["charge_point/garage/price"] == 0.35
    assert found["charge_point/garage/cost"] == 0.525
    assert found["charge_point/garage/session"]["csms"] is None
    assert found["charge_point/garage/session"]["cost"] == 0.525
    assert found["charge_point/garage/session"]["transaction"] is None


def test_what_is_over_is_emptied() -> None:
    found = shown(RENDER.view("garage", IDLE, csms="office", before=VIEW))
    assert found == {
        "charge_point/garage/status": "Available",
        "charge_point/garage/authority": None,
        "charge_point/garage/user": None,
        "charge_point/garage/energy_wh": None,
        "charge_point/garage/power_w": None,
        "charge_point/garage/session": None,
    }


def test_only_what_changed_is_published() -> None:
    assert RENDER.view("garage", VIEW, csms="office", before=VIEW) == ()
    assert shown(RENDER.view("garage", replace(VIEW, power_w=1.0), csms="office", before=VIEW)) == {"charge_point/garage/power_w": 1}


LINK = LinkView(connected=True, version="ocpp1.6", status=Status.CHARGING, queue=3, parked=0, boot_status="Accepted")


def test_the_link_to_the_central_system_is_shown() -> None:
    assert shown(RENDER.link("garage", LINK)) == {
        "charge_point/garage/ocpp/connected": True,
        "charge_point/garage/ocpp/version": "ocpp1.6",
        "charge_point/garage/ocpp/status": "Charging",
        "charge_point/garage/ocpp/queue": 3,
        "charge_point/garage/ocpp/parked": 0,
        "charge_point/garage/ocpp/boot_status": "Accepted",
        "charge_point/garage/ocpp/last_error": None,
    }
    broken = replace(LINK, connected=False, last_error="x" * 600)
    found = shown(RENDER.link("garage", broken, before=LINK))
    assert set(found) == {"charge_point/garage/ocpp/connected", "charge_point/garage/ocpp/last_error"}
    assert len(found["charge_point/garage/ocpp/last_error"]) == 500


ENTRY = HistoryEntry(
    id=SessionId("5f0c9a-00000007"),
    kind=EntryKind.LOCAL,
    authority=Authority.LOCAL,
    user=UserId("ada"),
    name="Ada",
    tag=IdTag(text=CARD),
    started_ms=NOON_MS,
    ended_ms=NOON_MS + 3_600_000,
    start_wh=1000,
    end_wh=12_000,
    cost=Decimal("3.85"),
    price_per_kwh=Decimal("0.35"),
    reason="EVDisconnected",
    mode=Mode.ECO,
)


def test_a_finished_session_is_told_once_and_kept_as_the_last() -> None:
    found = shown(RENDER.history("garage", ENTRY, csms="office"))
    assert set(found) == {"charge_point/garage/history", "charge_point/garage/last_session"}
    assert found["charge_point/garage/history"] == found["charge_point/garage/last_session"]
    assert found["charge_point/garage/history"] == {
        "id": "5f0c9a-00000007",
        "charge_point": "garage",
        "kind": "local",
        "authority": "local",
        "csms": None,
        "user": "ada",
        "name": "Ada",
        "tag_masked": "****E6F7",
        "tag_ref": tag_ref(CARD, KEY),
        "mode": "eco",
        "started": NOON,
        "ended": "2026-01-31T13:00:00.000Z",
        "start_wh": 1000,
        "end_wh": 12_000,
        "energy_wh": 11_000,
        "cost": 3.85,
        "price_per_kwh": 0.35,
        "currency": "EUR",
        "reason": "EVDisconnected",
        "transaction": None,
        "follows": None,
        "clock_trusted": True,
        "note": None,
    }


def test_a_session_of_the_central_system_names_it_and_costs_nothing_here() -> None:
    """B10: the central system bills."""
    entry = replace(ENTRY, kind=EntryKind.OCPP, authority=Authority.OCPP, cost=Decimal(0), price_per_kwh=None, backend_id="4711")
    found = shown(RENDER.history("garage", entry, csms="office"))["charge_point/garage/history"]
    assert (found["csms"], found["cost"], found["transaction"]) == ("office", 0, "4711")


def test_a_gap_is_told_and_is_nobodys_last_session() -> None:
    gap = replace(ENTRY, kind=EntryKind.GAP, authority=None, user=None, name=None, tag=None, mode=None, cost=Decimal(0), note="power cut")
    assert list(shown(RENDER.history("garage", gap, csms="office"))) == ["charge_point/garage/history"]


# --- what the central system says to people and flows -----------------------------------------------------------------------------

WELCOME = DisplayMessage(
    id=1, priority="InFront", text="Welcome\nback", format="UTF8", language="en", end_ms=NOON_MS, transaction="s-1", state="Charging"
)


def test_a_display_reads_a_list() -> None:
    """An empty one where nothing is to be read, and no message at all where there is no display."""
    bare = DisplayMessage(id=-2, priority="NormalCycle", text="", format="ASCII")
    assert shown([RENDER.display("garage", [WELCOME, bare])]) == {
        "charge_point/garage/display": [
            {"id": 1, "priority": "InFront", "text": "Welcome\nback", "language": "en", "session": "s-1", "until": NOON},
            {"id": -2, "priority": "NormalCycle", "text": "", "language": None, "session": None, "until": None},
        ]
    }
    assert shown([RENDER.display("garage", [])]) == {"charge_point/garage/display": []}
    assert RENDER.display("garage", None).payload == b""


@pytest.mark.parametrize(
    "cost, told", [(1.25, b"1.25"), (2.0, b"2"), (0, b"0"), (-0.1, b"-0.1"), (1 / 3, b"0.333333"), (1e9, b"1000000000")]
)
def test_a_cost_is_told_with_its_session(cost: float, told: bytes) -> None:
    said = RENDER.cost_update("garage", (SessionId("s-1"), cost), NOON_MS)
    (value,) = shown([said]).values()
    assert (value["currency"], value["session"], value["ts"]) == ("EUR", "s-1", NOON)
    assert b'"cost":' + told + b"," in said.payload
    assert RENDER.cost_update("garage", None, NOON_MS).payload == b""


@pytest.mark.parametrize("data, value", [(None, None), ('"0.35"', "0.35"), ('{"eur": [0.35, null]}', {"eur": [0.35, None]})])
def test_a_vendor_s_words_are_put_to_the_flows(data: str | None, value: object) -> None:
    """Once, and not for long: nobody waits for the answer any more after ten seconds."""
    said = RENDER.data_transfer("garage", AskSite(request=RequestId("r-1"), vendor="com.example", message="m", data=data), NOON_MS)
    assert (said.retained, said.expiry_s) == (False, 10.0)
    assert shown([said]) == {
        "charge_point/garage/data_transfer": {"id": "r-1", "vendor_id": "com.example", "message_id": "m", "data": value, "ts": NOON}
    }


# --- alerts and the bridge itself -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("alert", AlertId)
def test_an_alert_is_text_and_goes_when_it_is_solved(alert: AlertId) -> None:
    up = [RENDER.charge_point_alert("garage", alert, "a"), RENDER.csms_alert("office", alert, "b"), RENDER.bridge_alert(alert, "c\nd")]
    gone = [RENDER.charge_point_alert("garage", alert, None), RENDER.csms_alert("office", alert, None), RENDER.bridge_alert(alert, None)]
    topics = [f"charge_point/garage/alert/{alert}", f"csms/office/alert/{alert}", f"bridge/alert/{alert}"]
    assert shown(up) == dict(zip(topics, ["a", "b", "c d"], strict=True))
    assert shown(gone) == dict.fromkeys(topics)


def test_the_bridge_tells_of_itself() -> None:
    info = Info(version="0.1.0", instance="home", mqtt="5", started_ms=NOON_MS, charge_points=("garage",), csms=("office",))
    assert shown([RENDER.info(info)])["bridge/info"]["started"] == NOON
    health = Health(
        ok=True,
        uptime_s=60,
        charge_points=1,
        online=1,
        sessions=0,
        queued=0,
        parked=0,
        alerts=0,
        storage=True,
        messages_in=1,
        messages_refused=2,
        messages_out=3,
        reconnects=0,
    )
    found = shown([RENDER.health(health, NOON_MS)])["bridge/health"]
    assert (found["ts"], found["status"], found["messages_refused"]) == (NOON, "ok", 2)
    assert shown([RENDER.health(replace(health, ok=False), NOON_MS)])["bridge/health"]["status"] == "warning"


def test_an_answer_repeats_the_transaction() -> None:
    done = RENDER.response(ReplyTo(command="queue", transaction="a-1"), data={"queued": 0})
    assert shown([done]) == {
        "bridge/response/queue": {"status": "ok", "data": {"queued": 0}, "error": None, "transaction": "a-1"},
    }
    refused = RENDER.response(ReplyTo(command="reboot", transaction=7), data={"x": 1}, error="no\nsuch command")
    assert shown([refused]) == {
        "bridge/response/reboot": {"status": "error", "data": None, "error": "no such command", "transaction": 7},
    }


def test_who_asked_with_mqtt_5_is_answered_there() -> None:
    message = RENDER.response(ReplyTo(command="queue", topic="flows/answers/7", correlation=b"\x01"), data=None)
    assert (message.topic, message.correlation, message.retained) == ("flows/answers/7", b"\x01", False)
    assert json.loads(message.payload)["status"] == "ok"


def test_no_message_shows_a_whole_tag() -> None:
    """Whole tags travel on taps and users only (reliability P1)."""
    everything = [
        *RENDER.decision(DECISION, charge_point="garage", csms="office"),
        *RENDER.view("garage", VIEW, csms="office"),
        *RENDER.history("garage", ENTRY, csms="office"),
    ]
    assert all(CARD.encode() not in message.payload for message in everything)


def test_times_and_money_of_another_currency() -> None:
    found = shown(Renderer(names=NAMES, key=KEY, currency="CHF").history("garage", ENTRY, csms=None))
    assert found["charge_point/garage/history"]["currency"] == "CHF"
