"""Block G: what the central system is told of the connector, and how it puts it out of service."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from bridge.core.backend import AvailabilityRequested
from bridge.core.effects import Outcome
from bridge.core.state import Granted, Hardware, State
from bridge.core.values import Mode, Person, SessionId
from bridge.ocpp.dialect import Passed
from bridge.ocpp.v201.availability import connector_status, statuses
from tests.ocpp import worlds
from tests.ocpp.v201.desk import REQUEST, handled, said, spelt, status
from tests.ocpp.worlds import BACKEND_SESSION, LOCAL_SESSION, NOW_TEXT, STAMP, TAG, asked, charge_point

PLUGGED = Hardware(plugged=True, online=True, live=True)
SILENT = Hardware(online=True)


def _granted(state: State, *, local: bool = False) -> State:
    person = Person(tag=TAG, local=local)
    granted = Granted(id=SessionId("next"), person=person, mode=Mode.ECO, local=local, group=None, until_s=2000.0)
    return replace(state, pending=granted)


def _unknown_now(*, plugged: bool) -> State:
    state = charge_point(hardware=SILENT)
    return replace(state, kept=replace(state.kept, plugged=plugged))


@pytest.mark.parametrize(
    "state, told",
    [
        (charge_point(), "Available"),
        (charge_point(hardware=PLUGGED), "Occupied"),
        # permitted, and no vehicle there: G01 has Occupied from the plug on
        (_granted(charge_point()), "Available"),
        (_granted(charge_point(hardware=PLUGGED)), "Occupied"),
        (_granted(charge_point(), local=True), "Unavailable"),
        (_unknown_now(plugged=True), "Occupied"),
        (_unknown_now(plugged=False), "Available"),
        (charge_point(session=BACKEND_SESSION, hardware=PLUGGED), "Occupied"),
        (charge_point(session=LOCAL_SESSION, hardware=PLUGGED), "Unavailable"),
        (charge_point(operative=False), "Unavailable"),
        (charge_point(station_operative=False), "Unavailable"),
        (charge_point(hardware=Hardware(fault="GroundFailure", online=True)), "Faulted"),
    ],
)
def test_the_status_of_the_connector(state: State, told: str) -> None:
    assert connector_status(state) == told
    assert [said(one) for one in statuses(state)] == [{"timestamp": NOW_TEXT, "connectorStatus": told, "evseId": 1, "connectorId": 1}]


def test_one_connector_can_be_asked_for_and_others_do_not_exist() -> None:
    """Nothing is told of connector 0, which 2.0.1 does not have."""
    assert statuses(charge_point(), 1) == statuses(charge_point())
    assert statuses(charge_point(), 0) == statuses(charge_point(), 2) == ()


@given(worlds.states)
def test_every_charge_point_has_a_status(state: State) -> None:
    (told,) = statuses(state)
    said(told)


# --- ChangeAvailability -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("evse, station", [(None, True), ({"id": 1}, False), ({"id": 1, "connectorId": 1}, False)])
@pytest.mark.parametrize("word, operative", [("Operative", True), ("Inoperative", False)])
def test_availability_is_passed_on_for_the_station_or_its_connector(
    evse: dict[str, Any] | None, station: bool, word: str, operative: bool
) -> None:
    payload = {"operationalStatus": word} | ({} if evse is None else {"evse": evse})
    event = AvailabilityRequested(request=REQUEST, operative=operative, station=station, **STAMP)
    assert handled("ChangeAvailability", payload) == Passed(event=event)


@pytest.mark.parametrize(
    "evse, reason", [({"id": 2}, "UnknownEvse"), ({"id": 0}, "UnknownEvse"), ({"id": 1, "connectorId": 2}, "UnknownConnectorId")]
)
def test_the_availability_of_an_unknown_connector_can_not_be_changed(evse: dict[str, Any], reason: str) -> None:
    assert status("ChangeAvailability", {"operationalStatus": "Operative", "evse": evse}, asked()) == ("Rejected", reason)


@pytest.mark.parametrize(
    "outcome, word", [(Outcome.ACCEPTED, "Accepted"), (Outcome.SCHEDULED, "Scheduled"), (Outcome.REJECTED, "Rejected")]
)
def test_the_answer_is_the_cores(outcome: Outcome, word: str) -> None:
    assert spelt("ChangeAvailability", outcome) == {"status": word}
