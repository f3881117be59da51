"""`bridge.audit.messages`: the auditor's own reading of OCPP, of friendly and hostile frames."""

import json

import pytest

from bridge.audit.heard import Step
from bridge.audit.ledgers import Frame
from bridge.audit.messages import heard
from tests.audit.world import CARD, GARAGE, Json, iso, sample, start, utc_ms, values

ACCEPTED = {"status": "Accepted"}


def frame(message: Json, *, from_station: bool = True) -> Frame:
    text = message if isinstance(message, str) else json.dumps(message)
    return Frame(at_ms=7, connection=1, charge_point=GARAGE, protocol="ocpp1.6", from_station=from_station, text=text)


def answered(action: str, payload: Json, answer: Json) -> list[Frame]:
    return [frame([2, "m", action, payload]), frame(answer, from_station=False)]


@pytest.mark.parametrize(
    "told, name",
    [
        (0, "0"),
        (-1, "-1"),
        (12.0, "12"),
        ("13", "13"),
        (True, None),
        ("no", None),
        (1.5, None),
        (None, None),
        ([], None),
        (2**63 - 1, str(2**63 - 1)),
        (10**30, None),
    ],
)
def test_the_name_of_a_transaction(told: Json, name: str | None) -> None:
    """Zero and negative numbers are names like any other; what is no number is none."""
    frames = answered("StartTransaction", start(1, 5), [3, "m", {"transactionId": told, "idTagInfo": ACCEPTED}])
    [one] = heard(frames)[GARAGE].told
    assert one.call.answer is not None
    assert one.call.answer.name == name
    assert one.call.answer.accepted


def test_an_answer_to_a_start_that_says_nothing_is_none() -> None:
    """It counts as an error: the station has to ask again."""
    [one] = heard(answered("StartTransaction", start(1, 5), [3, "m", {}]))[GARAGE].told
    assert one.call.answer is not None
    assert one.call.answer.error == "unreadable"


@pytest.mark.parametrize("answer", ["nonsense", "[" * 100_000, {}, [], [3], [3, "other", {}], [3, "m", None], [4, "m"], [9, "m", {}]])
def test_an_answer_nobody_can_read_is_no_answer(answer: Json) -> None:
    [call] = heard(answered("Heartbeat", {}, answer))[GARAGE].calls
    assert call.answer is None


def test_only_the_first_answer_counts() -> None:
    frames = [*answered("Heartbeat", {}, [4, "m", "InternalError", "", {}]), frame([3, "m", {}], from_station=False)]
    [call] = heard(frames)[GARAGE].calls
    assert call.answer is not None
    assert call.answer.error == "InternalError"


def test_tags_the_central_system_has_said_yes_to() -> None:
    """In an answer, as a start from afar, on its list; not those it refused or did not answer."""
    listed = [{"idTag": "on", "idTagInfo": ACCEPTED}, {"idTag": "off", "idTagInfo": {"status": "Blocked"}}, {"idTag": "gone"}, 5]
    frames = [
        *answered("Authorize", {"idToken": {"idToken": "yes", "type": "Central"}}, [3, "m", {"idTokenInfo": ACCEPTED}]),
        *answered("Authorize", {"idTag": "no"}, [3, "m", {"idTagInfo": {"status": "Invalid"}}]),
        *answered("Authorize", {"idTag": "broken"}, [4, "m", "InternalError", "", {}]),
        frame([2, "a", "RemoteStartTransaction", {"idTag": "afar"}], from_station=False),
        frame([2, "b", "SendLocalList", {"localAuthorizationList": listed}], from_station=False),
        frame([2, "c", "SendLocalList", {"localAuthorizationList": 5}], from_station=False),
        frame([3, "a", {"status": "Accepted"}]),
    ]
    assert [one.key for one in heard(frames)[GARAGE].accepted] == ["YES", "AFAR", "ON"]


def test_what_the_central_system_asks_for() -> None:
    """What may change messages, and what may end in a registration."""
    orders = ("ChangeConfiguration", "SetVariables", "Reset", "TriggerMessage", "Heartbeat")
    told = heard([frame([2, "m", order, {}], from_station=False) for order in orders])[GARAGE]
    assert (told.changes, told.summons) == ([0, 1], 2)


def test_readings_are_taken_from_what_is_one() -> None:
    """Other quantities, other kinds of values and nonsense are none."""
    value = values(5, 10, "Sample.Periodic", "signed")
    value["sampledValue"] += [{"value": "1", "measurand": "SoC"}, {"value": "x"}, {"value": "1e999"}, "?"]
    undated = value | {"timestamp": "noon"}
    payload = {"connectorId": 1, "meterValue": [value, undated, value | {"timestamp": 5}, {"timestamp": iso(6)}, "?"]}
    [one] = heard([frame([2, "m", "MeterValues", payload])])[GARAGE].loose
    assert (one.utc_ms, one.register_wh) == (utc_ms(5), 10)
    assert heard([frame([2, "m", "MeterValues", {"meterValue": "?"}])])[GARAGE].loose == []


def test_a_sample_without_a_register_has_a_time_all_the_same() -> None:
    payload = sample(5, 1, 10)
    payload["meterValue"][0]["sampledValue"] = [{"value": "1", "measurand": "SoC"}]
    [one] = heard([frame([2, "m", "MeterValues", payload])])[GARAGE].told
    assert (one.step, one.utc_ms, one.register_wh) == (Step.SAMPLE, utc_ms(5), None)


def test_times_without_a_zone_are_of_utc() -> None:
    told = start(5, 10) | {"timestamp": iso(5).removesuffix("Z")}
    [one] = heard([frame([2, "m", "StartTransaction", told])])[GARAGE].told
    assert (one.utc_ms, one.tag) == (utc_ms(5), CARD.text)


def test_an_event_of_nothing_is_read() -> None:
    """What a schema would refuse ends no audit."""
    [one] = heard([frame([2, "m", "TransactionEvent", {"transactionInfo": 5, "seqNo": "1", "idToken": {"idToken": 5}}])])[GARAGE].told
    assert (one.step, one.name, one.sequence, one.utc_ms, one.tag) == (Step.SAMPLE, "None", 1, None, None)


def test_frames_of_the_station_that_are_none() -> None:
    hearing = heard([frame("nonsense"), frame([2, 5, "Heartbeat", {}]), frame([4, "m", "InternalError", "", {}])])[GARAGE]
    assert hearing.malformed == [0, 1]
