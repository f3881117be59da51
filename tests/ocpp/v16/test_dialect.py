"""What the station says in OCPP 1.6."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.clock import BUILT_MS
from bridge.core.effects import AnnounceReading, Record
from bridge.core.settings import Settings
from bridge.core.state import Hardware, State
from bridge.core.values import IdTag, RecordId, TagInfo, Verdict
from bridge.errors import CsmsRefused
from bridge.ocpp.dialect import Dialect, Errand, Nameplate, Outgoing
from bridge.ocpp.frames import Call, decode, encode
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.validation import Kind
from tests.ocpp import worlds
from tests.ocpp.official import assert_valid
from tests.ocpp.worlds import LOCAL_SESSION, NOW, NOW_TEXT, READING, TAG, charge_point

OCPP = Dialect16()
ROW = RecordId(17)
HOUR_AGO_TEXT = "2026-11-22T09:45:10.147Z"


def _said(outgoing: Outgoing | None) -> dict[str, Any]:
    """The payload, after the official schema has seen it."""
    assert outgoing is not None
    assert_valid(outgoing.action, Kind.REQUEST, outgoing.payload)
    return outgoing.payload


def _record(
    record: Record, *, backend_id: str | None = "7", start_parked: bool = False, settings: Settings | None = None
) -> Outgoing | None:
    return OCPP.record(record, backend_id=backend_id, start_parked=start_parked, settings=settings or Settings())


def test_it_is_a_dialect() -> None:
    dialect: Dialect = OCPP
    assert (dialect.subprotocol, dialect.tag_length_max) == ("ocpp1.6", 20)


# --- registration -----------------------------------------------------------------------------------------------------------------


def test_bootnotification_tells_what_is_known_and_nothing_else() -> None:
    assert _said(OCPP.boot(Nameplate(vendor="go-e", model="Gemini flex 2.0"), "PowerUp")) == {
        "chargePointVendor": "go-e",
        "chargePointModel": "Gemini flex 2.0",
    }


def test_bootnotification_cuts_what_is_too_long() -> None:
    """A name cut short beats a station that can't register."""
    long = "x" * 100
    said = _said(OCPP.boot(Nameplate(vendor=long, model=long, serial=long, firmware=long, meter_serial=long, meter_type=long), "PowerUp"))
    assert {name: len(text) for name, text in said.items()} == {
        "chargePointVendor": 20,
        "chargePointModel": 20,
        "chargePointSerialNumber": 25,
        "firmwareVersion": 50,
        "meterSerialNumber": 25,
        "meterType": 25,
    }


def test_the_answers_of_registration_and_heartbeat_are_read() -> None:
    assert OCPP.registered({"status": "Accepted", "currentTime": NOW_TEXT, "interval": 60}).interval_s == 60
    assert _said(OCPP.heartbeat()) == {}
    assert OCPP.heartbeat_ms({"currentTime": NOW_TEXT}) == NOW.utc_ms
    assert OCPP.heartbeat_ms({}) is None


# --- status -----------------------------------------------------------------------------------------------------------------------


def _statuses(state: State, connector: int | None = None) -> list[tuple[int, str, str]]:
    said = [_said(outgoing) for outgoing in OCPP.statuses(state, connector)]
    return [(status["connectorId"], status["status"], status["errorCode"]) for status in said]


PLUGGED = Hardware(plugged=True, online=True, live=True)


@pytest.mark.parametrize(
    "state, told",
    [
        (charge_point(), [(0, "Available", "NoError"), (1, "Available", "NoError")]),
        (charge_point(hardware=PLUGGED), [(0, "Available", "NoError"), (1, "Preparing", "NoError")]),
        (charge_point(operative=False, station_operative=False), [(0, "Unavailable", "NoError"), (1, "Unavailable", "NoError")]),
        (charge_point(operative=False), [(0, "Available", "NoError"), (1, "Unavailable", "NoError")]),
        (charge_point(session=LOCAL_SESSION, hardware=PLUGGED), [(0, "Available", "NoError"), (1, "Unavailable", "NoError")]),
        (
            charge_point(hardware=Hardware(fault="GroundFailure", online=True)),
            [(0, "Available", "NoError"), (1, "Faulted", "GroundFailure")],
        ),
        (
            charge_point(hardware=Hardware(fault="ConnectorLockFailure", online=True)),
            [(0, "Available", "NoError"), (1, "Faulted", "ConnectorLockFailure")],
        ),
        (charge_point(hardware=Hardware(cp_state="F")), [(0, "Available", "NoError"), (1, "Faulted", "OtherError")]),
    ],
)
def test_the_status_of_station_and_connector(state: State, told: list[tuple[int, str, str]]) -> None:
    assert _statuses(state) == told


def test_one_connector_can_be_asked_for_and_others_do_not_exist() -> None:
    assert _statuses(charge_point(), 0) == [(0, "Available", "NoError")]
    assert _statuses(charge_point(), 1) == [(1, "Available", "NoError")]
    assert _statuses(charge_point(), 2) == []


def test_a_fault_that_ocpp_has_no_word_for_keeps_its_own() -> None:
    """The vendor's code is what the operator can look up."""
    said = _said(OCPP.statuses(charge_point(hardware=Hardware(fault="RCD_DC_6mA" * 10)), 1)[0])
    assert said["errorCode"] == "OtherError"
    assert said["vendorErrorCode"] == ("RCD_DC_6mA" * 10)[:50]


def test_a_status_has_the_time_of_the_newest_event() -> None:
    assert _said(OCPP.statuses(charge_point(), 1)[0])["timestamp"] == NOW_TEXT


def test_a_status_has_no_time_while_nobody_knows_it() -> None:
    """Rather none than 1970: the central system takes the time at which it comes in."""
    for utc_ms, tells in ((BUILT_MS - 1, False), (BUILT_MS, True)):
        state = replace(charge_point(), now=replace(NOW, utc_ms=utc_ms))
        assert ("timestamp" in _said(OCPP.statuses(state, 1)[0])) is tells


def test_a_reading_outside_transactions_is_not_told_while_nobody_knows_the_time() -> None:
    for utc_ms, tells in ((BUILT_MS - 1, False), (BUILT_MS, True)):
        effect = AnnounceReading(reading=replace(READING, utc_ms=utc_ms))
        assert (OCPP.reading(effect, Settings()) is not None) is tells


@given(worlds.states)
def test_whatever_happens_connector_0_has_three_words_and_connector_1_nine(state: State) -> None:
    """OCPP 1.6 §4.9: connector 0 is Available, Unavailable or Faulted."""
    (station, station_word, _), (connector, _, _) = _statuses(state)
    assert (station, connector) == (0, 1)
    assert station_word in {"Available", "Unavailable", "Faulted"}


# --- tags -------------------------------------------------------------------------------------------------------------------------


def test_a_tag_is_asked_about_as_it_was_read() -> None:
    assert _said(OCPP.authorize(TAG)) == {"idTag": "04A1B2C3"}


def test_a_refused_tag_is_refused() -> None:
    assert OCPP.authorized({"idTagInfo": {"status": "Invalid"}}) == TagInfo(verdict=Verdict.INVALID)


def test_an_answer_without_a_status_is_no_answer() -> None:
    with pytest.raises(CsmsRefused, match="Authorize"):
        OCPP.authorized({})


# --- laws -------------------------------------------------------------------------------------------------------------------------


def _assert_sendable(outgoing: Outgoing | None) -> None:
    if outgoing is not None:
        payload = _said(outgoing)
        assert decode(encode(Call(message_id="a", action=outgoing.action, payload=payload))) == Call(
            message_id="a", action=outgoing.action, payload=payload
        )


_texts = st.text(st.characters(codec="utf-8"), max_size=80)


@given(st.builds(Nameplate, vendor=_texts, model=_texts, serial=st.none() | _texts, firmware=st.none() | _texts), worlds.tags)
def test_every_nameplate_and_every_tag_can_be_told(nameplate: Nameplate, tag: IdTag) -> None:
    _assert_sendable(OCPP.boot(nameplate, "PowerUp"))
    _assert_sendable(OCPP.authorize(tag))


# --- errands ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "errand, connector, told",
    [
        (Errand.STATUS, None, [("StatusNotification", "Available"), ("StatusNotification", "Available")]),
        (Errand.STATUS, 1, [("StatusNotification", "Available")]),
        (Errand.DIAGNOSTICS_STATUS, None, [("DiagnosticsStatusNotification", "Idle")]),
        (Errand.FIRMWARE_STATUS, 7, [("FirmwareStatusNotification", "Idle")]),
        # these are the link's and the core's
        (Errand.BOOT, None, []),
        (Errand.HEARTBEAT, None, []),
        (Errand.READING, 1, []),
    ],
)
def test_a_triggered_message_tells_how_things_are(errand: Errand, connector: int | None, told: list[tuple[str, str]]) -> None:
    said = OCPP.errand(errand, charge_point(), connector)
    assert [(outgoing.action, _said(outgoing)["status"]) for outgoing in said] == told


# --- configuration ----------------------------------------------------------------------------------------------------------------


def test_initial_variables_are_read_by_their_1_6_names() -> None:
    assert OCPP.initial({"MeterValueSampleInterval": 30}, base=Settings()) == Settings(sample_interval_s=30)


def test_nothing_is_watched() -> None:
    """1.6 has no variable monitoring."""
    assert OCPP.watch(1.0) is None
