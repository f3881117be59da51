"""Transaction messages in OCPP 1.6, through the dialect."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.effects import AnnounceReading, Record, RecordSample, RecordUpdate, Telling
from bridge.core.settings import Settings
from bridge.core.values import ChargingState, IdTag, Reading, ReadingContext, RecordId, StopReason, TagInfo, TxKind, TxTrigger, Verdict
from bridge.errors import CsmsRefused
from bridge.ocpp.dialect import Outgoing
from bridge.ocpp.frames import Call, decode, encode
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.validation import Kind
from tests.ocpp import worlds
from tests.ocpp.official import JSON, assert_valid
from tests.ocpp.worlds import BEGIN, NOW, NOW_TEXT, READING, SAMPLE, SESSION, STAMP, START, STOP, TAG

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


# --- start ------------------------------------------------------------------------------------------------------------------------


def test_a_start_carries_the_time_and_the_register_of_the_event() -> None:
    """However late it is delivered, the bill begins when the charging began."""
    assert _said(_record(START, backend_id=None)) == {
        "connectorId": 1,
        "idTag": "04A1B2C3",
        "meterStart": 10_000,
        "timestamp": NOW_TEXT,
    }


def test_a_start_repeated_is_the_same_start() -> None:
    """SteVe recognises a repeated start by connector, tag, time and register."""
    assert _record(START, backend_id=None, settings=Settings(sampled=())) == _record(START, backend_id="7", start_parked=True)


def test_a_step_that_only_2_0_1_tells_is_no_message() -> None:
    """What was recorded while both versions were offered goes on without it, as delivered."""
    telling = Telling(kind=TxKind.UPDATED, trigger=TxTrigger.CHARGING_STATE_CHANGED, charging=ChargingState.CHARGING)
    update = RecordUpdate(session=SESSION, sequence=1, utc_ms=NOW.utc_ms, offline=False, telling=telling)
    assert _record(update) is None


def test_a_tag_queued_for_another_version_is_cut() -> None:
    assert _said(_record(replace(START, tag=IdTag(text="x" * 36))))["idTag"] == "x" * 20


@pytest.mark.parametrize(
    "payload, backend_id, info",
    [
        ({"transactionId": 7, "idTagInfo": {"status": "Accepted"}}, "7", TagInfo(verdict=Verdict.ACCEPTED)),
        # CitrineOS and Home Assistant refuse with 0, SteVe with a real id, arthexis without one
        ({"transactionId": 0, "idTagInfo": {"status": "Invalid"}}, "0", TagInfo(verdict=Verdict.INVALID)),
        ({"transactionId": 12, "idTagInfo": {"status": "ConcurrentTx"}}, "12", TagInfo(verdict=Verdict.CONCURRENT)),
        ({"idTagInfo": {"status": "Blocked"}}, None, TagInfo(verdict=Verdict.BLOCKED)),
        ({"transactionId": -1, "idTagInfo": {"status": "Accepted"}}, "-1", TagInfo(verdict=Verdict.ACCEPTED)),
        ({"transactionId": 2**63, "idTagInfo": {"status": "Accepted"}}, str(2**63), TagInfo(verdict=Verdict.ACCEPTED)),
        ({"transactionId": None, "idTagInfo": {"status": "Accepted"}}, None, TagInfo(verdict=Verdict.ACCEPTED)),
        ({"transactionId": "7", "idTagInfo": {"status": "Accepted"}}, "7", TagInfo(verdict=Verdict.ACCEPTED)),
        ({"transactionId": 7}, "7", None),
        ({"transactionId": 7, "idTagInfo": {"status": "Accepted", "extra": 1}, "extra": 2}, "7", TagInfo(verdict=Verdict.ACCEPTED)),
    ],
)
def test_the_answer_to_a_start_is_read_as_real_systems_write_it(
    payload: dict[str, Any], backend_id: str | None, info: TagInfo | None
) -> None:
    """A refusal, a missing id, an id of zero: none of them loses the session."""
    delivered = OCPP.delivered(ROW, START, payload, STAMP)
    assert (delivered.record, delivered.session, delivered.starts) == (ROW, SESSION, True)
    assert (delivered.backend_id, delivered.info, delivered.tag) == (backend_id, info, TAG)
    assert (delivered.at, delivered.fresh) == (NOW, "fresh-1")


@pytest.mark.parametrize("payload", [{}, {"transactionId": None}, {"idTagInfo": {}}, {"idTagInfo": "Accepted", "transactionId": True}])
def test_an_answer_that_tells_nothing_has_not_taken_the_start(payload: dict[str, Any]) -> None:
    with pytest.raises(CsmsRefused, match="StartTransaction"):
        OCPP.delivered(ROW, START, payload, STAMP)


# --- meter values -----------------------------------------------------------------------------------------------------------------


def test_a_sample_holds_the_register_unless_told_otherwise() -> None:
    for sampled in (Settings().sampled, ()):
        assert _said(_record(SAMPLE, settings=Settings(sampled=sampled))) == {
            "connectorId": 1,
            "transactionId": 7,
            "meterValue": [
                {
                    "timestamp": NOW_TEXT,
                    "sampledValue": [
                        {
                            "value": "12345",
                            "context": "Sample.Periodic",
                            "measurand": "Energy.Active.Import.Register",
                            "location": "Outlet",
                            "unit": "Wh",
                        }
                    ],
                }
            ],
        }


def _values(outgoing: Outgoing | None) -> list[tuple[str, str, str | None]]:
    (meter_value,) = _said(outgoing)["meterValue"]
    return [(value["context"], value["measurand"], value.get("phase")) for value in meter_value["sampledValue"]]


def test_all_phases_of_a_measurand_are_told() -> None:
    """1.6 errata 3.14.3: "all possible locations and/or phases SHALL be reported"."""
    periodic = "Sample.Periodic"
    assert _values(_record(SAMPLE, settings=Settings(sampled=("Current.Import", "Voltage", "SoC")))) == [
        (periodic, "Current.Import", "L1"),
        (periodic, "Current.Import", "L2"),
        (periodic, "Current.Import", "L3"),
        (periodic, "Voltage", "L1-N"),
        (periodic, "Voltage", "L2-N"),
        (periodic, "Voltage", "L3-N"),
        (periodic, "SoC", None),
    ]


LISTS = Settings(sampled=("Power.Active.Import",), aligned=("Voltage",))


@pytest.mark.parametrize(
    "context, measurand",
    [
        (ReadingContext.CLOCK, "Voltage"),
        (ReadingContext.PERIODIC, "Power.Active.Import"),
        (ReadingContext.TRIGGER, "Power.Active.Import"),
    ],
)
def test_the_context_decides_which_list_of_measurands_counts(context: ReadingContext, measurand: str) -> None:
    reading = replace(READING, context=context, voltage_v=(230.0,))
    told = [(context.value, measurand)]
    assert [value[:2] for value in _values(_record(replace(SAMPLE, reading=reading), settings=LISTS))] == told
    outside = OCPP.reading(AnnounceReading(reading=reading), LISTS)
    assert [value[:2] for value in _values(outside)] == told
    assert "transactionId" not in _said(outside)


def test_nothing_is_sent_where_nothing_wanted_is_known() -> None:
    """Not even an empty message; the record counts as delivered."""
    nothing = Settings(sampled=("SoC",), aligned=())
    assert _record(replace(SAMPLE, reading=BEGIN), settings=nothing) is None
    clock = replace(READING, context=ReadingContext.CLOCK)
    assert OCPP.reading(AnnounceReading(reading=clock), nothing) is None


OCMF = 'OCMF|{"FV":"1.0","GI":"ACME","RD":[{"RV":12.345}]}|{"SD":"30450221"}'


def test_a_signature_is_passed_on_byte_for_byte_beside_the_register() -> None:
    (meter_value,) = _said(_record(replace(SAMPLE, reading=replace(READING, signed=OCMF))))["meterValue"]
    assert [(value["value"], value.get("format")) for value in meter_value["sampledValue"]] == [("12345", None), (OCMF, "SignedData")]


def test_a_signature_stays_away_where_the_register_is_not_wanted() -> None:
    signed = replace(SAMPLE, reading=replace(READING, signed=OCMF))
    assert _values(_record(signed, settings=Settings(sampled=("SoC",)))) == [("Sample.Periodic", "SoC", None)]


# --- which transaction ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "backend_id, start_parked, number",
    [
        ("7", False, 7),
        ("0", False, 0),
        ("-3", False, -3),
        (None, True, -1),
        ("7", True, -1),
        (None, False, -1),
        ("0190c2f0-uuid-of-2.0.1", False, -1),
    ],
)
def test_a_message_names_its_transaction_or_minus_one(backend_id: str | None, start_parked: bool, number: int) -> None:
    """1.6 errata 3.18: -1 where the start never arrived, or arrived and got no name."""
    for record in (SAMPLE, STOP):
        assert _said(_record(record, backend_id=backend_id, start_parked=start_parked))["transactionId"] == number


def test_an_answer_to_a_sample_or_a_stop_may_be_empty() -> None:
    sample = OCPP.delivered(ROW, SAMPLE, {}, STAMP)
    stop = OCPP.delivered(ROW, STOP, {}, STAMP)
    assert (sample.starts, sample.info, stop.starts, stop.info) == (False, None, False, None)


def test_an_answer_to_a_stop_may_tell_of_its_tag() -> None:
    stop = replace(STOP, tag=TAG)
    delivered = OCPP.delivered(ROW, stop, {"idTagInfo": {"status": "Expired"}}, STAMP)
    assert (delivered.tag, delivered.info, delivered.backend_id) == (TAG, TagInfo(verdict=Verdict.EXPIRED), None)


# --- stop -------------------------------------------------------------------------------------------------------------------------


def test_a_stop_tells_register_time_and_reason() -> None:
    assert _said(_record(STOP)) == {
        "transactionId": 7,
        "meterStop": 12_345,
        "timestamp": NOW_TEXT,
        "reason": "EVDisconnected",
    }


def test_the_tag_of_a_stop_is_told_only_where_a_tag_stopped_it() -> None:
    """SteVe refuses a stop by a tag that is neither the starter's nor of its group."""
    assert _said(_record(replace(STOP, tag=TAG, reason=StopReason.LOCAL)))["idTag"] == "04A1B2C3"
    assert "idTag" not in _said(_record(STOP))
    assert "idTag" not in _said(_record(replace(STOP, tag=TAG, reason=StopReason.MASTER_PASS)))


SPELT = {
    StopReason.IMMEDIATE_RESET: "HardReset",
    StopReason.MASTER_PASS: "Local",
    StopReason.STOPPED_BY_EV: "Local",
    StopReason.TIMEOUT: "Other",
}


@pytest.mark.parametrize("reason", StopReason)
def test_every_reason_has_a_word_in_1_6(reason: StopReason) -> None:
    assert _said(_record(replace(STOP, reason=reason)))["reason"] == SPELT.get(reason, reason.value)


@pytest.mark.parametrize(
    "settings", [Settings(stop_sampled=("Energy.Active.Import.Register",)), Settings(stop_aligned=("Energy.Active.Import.Register",))]
)
def test_begin_and_end_go_along_with_the_stop_where_configured(settings: Settings) -> None:
    """1.6 errata 3.16.6: "always provide the start (Transaction.Begin) and stop (Transaction.End) values"."""
    data = _said(_record(STOP, settings=settings))["transactionData"]
    assert [(one["timestamp"], one["sampledValue"][0]["context"], one["sampledValue"][0]["value"]) for one in data] == [
        (HOUR_AGO_TEXT, "Transaction.Begin", "10000"),
        (NOW_TEXT, "Transaction.End", "12345"),
    ]


def test_what_only_one_end_knows_is_told_of_that_end() -> None:
    data = _said(_record(STOP, settings=Settings(stop_sampled=("SoC",))))["transactionData"]
    assert [one["sampledValue"][0]["context"] for one in data] == ["Transaction.End"]


def test_no_data_goes_along_where_neither_end_knows_any() -> None:
    assert "transactionData" not in _said(_record(replace(STOP, reading=BEGIN), settings=Settings(stop_sampled=("SoC",))))


def test_signatures_of_both_ends_go_along() -> None:
    signed = replace(STOP, begin=replace(BEGIN, signed="OCMF|begin"), reading=replace(READING, signed="OCMF|end"))
    data = _said(_record(signed, settings=Settings(stop_sampled=("Energy.Active.Import.Register",))))["transactionData"]
    assert [one["sampledValue"][-1]["value"] for one in data] == ["OCMF|begin", "OCMF|end"]
    assert {one["sampledValue"][-1]["format"] for one in data} == {"SignedData"}


# --- laws -------------------------------------------------------------------------------------------------------------------------


def _assert_sendable(outgoing: Outgoing | None) -> None:
    if outgoing is not None:
        payload = _said(outgoing)
        assert decode(encode(Call(message_id="a", action=outgoing.action, payload=payload))) == Call(
            message_id="a", action=outgoing.action, payload=payload
        )


@given(worlds.records, worlds.names, st.booleans(), worlds.settings)
def test_every_record_can_be_told_by_the_official_schema(record: Record, name: str | None, parked: bool, settings: Settings) -> None:
    """A queue that was filled under any circumstances can be emptied."""
    outgoing = OCPP.record(record, backend_id=name, start_parked=parked, settings=settings)
    assert outgoing is not None or isinstance(record, RecordSample)
    _assert_sendable(outgoing)


@given(worlds.readings, worlds.settings)
def test_every_reading_can_be_told_by_the_official_schema(reading: Reading, settings: Settings) -> None:
    _assert_sendable(OCPP.reading(AnnounceReading(reading=reading), settings))


@given(worlds.records, st.dictionaries(st.sampled_from(["idTagInfo", "transactionId"]), JSON))
def test_any_answer_to_a_record_delivers_it_or_is_refused(record: Record, payload: dict[str, Any]) -> None:
    try:
        delivered = OCPP.delivered(ROW, record, payload, STAMP)
    except CsmsRefused:
        assert record.__class__.__name__ == "RecordStart"
        return
    _assert_sendable(OCPP.record(STOP, backend_id=delivered.backend_id, start_parked=False, settings=Settings()))
