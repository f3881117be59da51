"""The table of what there is: the station, its EVSE and its connector."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from bridge.core.settings import Cable
from bridge.core.state import Hardware, Meter, State
from bridge.ocpp.dialect import Nameplate
from bridge.ocpp.v201.equipment import EQUIPMENT, STATES, connector_state, station_state
from bridge.ocpp.v201.variable import DataType, Variable
from tests.ocpp.v201 import devices
from tests.ocpp.worlds import BACKEND_SESSION, LOCAL_SESSION, asked, charge_point

PLUGGED = Hardware(plugged=True, online=True, live=True)
FAULTED = Hardware(fault="GroundFailure", online=True, live=True)


def one(title: str) -> Variable:
    """The row of this title."""
    (found,) = (variable for variable in EQUIPMENT if variable.title == title)
    return found


def everywhere(name: str, state: State) -> tuple[str, str, str]:
    """What station, EVSE and connector say of it."""
    context = asked(state)
    station, evse, connector = (one(f"{component}.{name}").text(context) for component in ("ChargingStation", "EVSE", "Connector"))
    return station, evse, connector


def test_each_part_is_in_its_place() -> None:
    places = {"ChargingStation": (None, None), "EVSE": (1, None), "Connector": (1, 1)}
    assert {(one.component, (one.evse, one.connector)) for one in EQUIPMENT} == set(places.items())


@pytest.mark.parametrize(
    "state, station, connector",
    [
        (charge_point(), "Available", "Available"),
        (charge_point(hardware=PLUGGED), "Available", "Occupied"),
        (charge_point(hardware=PLUGGED, session=BACKEND_SESSION), "Available", "Occupied"),
        # a local session is nobody's business (design.md §2)
        (charge_point(hardware=PLUGGED, session=LOCAL_SESSION), "Available", "Unavailable"),
        (charge_point(operative=False), "Available", "Unavailable"),
        (charge_point(station_operative=False), "Unavailable", "Unavailable"),
        # of the station only what the central system itself has set
        (charge_point(hardware=FAULTED), "Available", "Faulted"),
    ],
)
def test_what_it_is_doing_is_told_as_status_notification_tells_it(state: State, station: str, connector: str) -> None:
    assert everywhere("AvailabilityState", state) == (station, connector, connector)
    assert (station_state(asked(state)), connector_state(asked(state))) == (station, connector)


@given(devices.states)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_charge_point_tells_all_of_it_in_the_words_there_are(state: State) -> None:
    context = asked(state)
    for variable in EQUIPMENT:
        told = variable.text(context)
        match variable.type:
            case DataType.OPTION_LIST:
                assert variable.items == STATES
                assert told in STATES
            case DataType.BOOLEAN:
                assert told in {"true", "false"}
            case DataType.INTEGER:
                assert int(told) > 0
            case DataType.DECIMAL:
                assert float(told) == int(told)
        assert not variable.writable


def test_a_fault_is_a_problem_and_all_else_is_not() -> None:
    assert everywhere("Problem", charge_point(hardware=FAULTED)) == ("true", "true", "true")
    assert everywhere("Problem", charge_point(operative=False)) == ("false", "false", "false")
    assert everywhere("Available", charge_point(operative=False)) == ("true", "true", "true")


@pytest.mark.parametrize("phases", [1, 3])
def test_the_phases_are_the_configured_ones(phases: int) -> None:
    state = charge_point()
    state = replace(state, rules=replace(state.rules, phases=phases))
    assert everywhere("SupplyPhases", state) == (str(phases),) * 3


@pytest.mark.parametrize(
    "power_w, told",
    [(None, "0"), (0.0, "0"), (7360.6, "7361"), (-20.0, "-20"), (-0.3, "0"), (float("nan"), "0"), (float("inf"), "0")],
)
def test_the_power_is_what_flows_in_whole_watts(power_w: float | None, told: str) -> None:
    state = replace(charge_point(), meter=Meter(power_w=power_w, live=True))
    assert one("EVSE.Power").text(asked(state)) == told


def test_the_most_power_is_what_the_hardware_can_deliver() -> None:
    state = charge_point()
    ceiling = one("EVSE.Power").ceiling
    assert ceiling is not None
    assert ceiling(replace(state, rules=replace(state.rules, max_current_a=10, phases=1))) == 2300


@pytest.mark.parametrize("cable, plug", [(Cable.SOCKET, "sType2"), (Cable.FIXED, "cType2")])
def test_the_connector_is_a_socket_or_a_cable(cable: Cable, plug: str) -> None:
    assert one("Connector.ConnectorType").text(asked(charge_point(cable=cable))) == plug


def test_the_nameplate_is_read_off() -> None:
    """What nobody configured is empty."""
    plate = Nameplate(vendor="Volt & Watt", model="Box 2", serial="SN-1", firmware="1.2.3")
    names = ("VendorName", "Model", "SerialNumber", "FirmwareVersion")
    context = asked()
    full = replace(context, nameplate=plate)
    assert [one(f"ChargingStation.{name}").text(full) for name in names] == ["Volt & Watt", "Box 2", "SN-1", "1.2.3"]
    bare = replace(context, nameplate=replace(plate, serial=None, firmware=None))
    assert [one(f"ChargingStation.{name}").text(bare) for name in names] == ["Volt & Watt", "Box 2", "", ""]
