"""The table of what goes beyond Core, profile by profile."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from bridge.core.settings import Ability, Settings
from bridge.core.state import State
from bridge.ocpp.v201.extras import EXTRAS
from bridge.ocpp.v201.inventory import EVERYTHING
from bridge.ocpp.v201.monitors import NOTE, Base, Monitors
from bridge.ocpp.v201.variable import DataType, Variable
from tests.ocpp.v201 import devices
from tests.ocpp.v201.devices import FULL, PLAIN, WRONG_TYPE, device, out_of_range
from tests.ocpp.worlds import asked

WRITABLE = [variable for variable in EXTRAS if variable.writable]


def one(title: str) -> Variable:
    """The row of this title."""
    (found,) = (variable for variable in EXTRAS if variable.title == title)
    return found


def test_no_row_stands_in_the_shadow_of_a_blocks_own() -> None:
    """Two rows for one variable are two truths; what a block says of its own is the one."""
    assert [variable.title for variable in EXTRAS if not any(variable is other for other in EVERYTHING)] == []


@pytest.mark.parametrize(
    "title, told",
    [
        ("LocalAuthListCtrlr.Available", "true"),
        ("LocalAuthListCtrlr.Enabled", "true"),
        ("LocalAuthListCtrlr.DisablePostAuthorize", "false"),
        ("LocalAuthListCtrlr.ItemsPerMessage", "1000"),
        ("LocalAuthListCtrlr.BytesPerMessage", "262144"),
        ("SmartChargingCtrlr.Available", "true"),
        ("SmartChargingCtrlr.Enabled", "true"),
        ("SmartChargingCtrlr.Entries[ChargingProfiles]", "0"),
        ("SmartChargingCtrlr.LimitChangeSignificance", "1.0"),
        ("SmartChargingCtrlr.PeriodsPerSchedule", "100"),
        ("SmartChargingCtrlr.ProfileStackLevel", "9"),
        ("SmartChargingCtrlr.RateUnit", "A,W"),
        ("TariffCostCtrlr.Enabled[Tariff]", "true"),
        ("MonitoringCtrlr.Available", "true"),
        ("MonitoringCtrlr.ActiveMonitoringBase", "All"),
        ("MonitoringCtrlr.ActiveMonitoringLevel", "9"),
        ("MonitoringCtrlr.OfflineQueuingSeverity", "4"),
        ("MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]", "50"),
    ],
)
def test_what_is_told_out_of_the_box(title: str, told: str) -> None:
    assert one(title).text(asked(FULL)) == told


@pytest.mark.parametrize(
    "state, component, there",
    [
        (PLAIN, "LocalAuthListCtrlr", True),
        (PLAIN, "MonitoringCtrlr", True),
        (PLAIN, "SmartChargingCtrlr", False),
        (device(smart=True), "SmartChargingCtrlr", True),
        (PLAIN, "TariffCostCtrlr", False),
        (device(can=frozenset({Ability.DISPLAY})), "TariffCostCtrlr", True),
    ],
)
def test_a_profile_is_there_where_the_charge_point_has_it(state: State, component: str, *, there: bool) -> None:
    assert {variable.available(state) for variable in EXTRAS if variable.component == component} == {there}


def test_the_tags_of_the_list_are_counted() -> None:
    entries = one("LocalAuthListCtrlr.Entries")
    assert (entries.text(asked()), entries.text(replace(asked(), list_size=lambda: 17))) == ("0", "17")
    assert (entries.minimum, entries.maximum, entries.observable) == (0, 10_000, True)


def test_the_monitors_tell_what_was_set_last() -> None:
    noted = replace(Monitors(), base=Base.FACTORY, level=5).noted()
    context = asked(replace(PLAIN, kept=replace(PLAIN.kept, notes={NOTE: noted})))
    told = [one(f"MonitoringCtrlr.ActiveMonitoring{name}").text(context) for name in ("Base", "Level")]
    assert told == ["FactoryDefault", "5"]


@given(devices.states)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_charge_point_can_tell_what_it_has(state: State) -> None:
    context = asked(state)
    for variable in EXTRAS:
        if variable.type is DataType.INTEGER:
            assert 0 <= int(variable.text(context)) <= (variable.maximum or 10**6)
        else:
            assert variable.text(context)


@pytest.mark.parametrize("variable", WRITABLE, ids=[variable.title for variable in WRITABLE])
def test_what_is_set_out_of_the_box_could_have_been_written(variable: Variable) -> None:
    default = getattr(Settings(), variable.field or "")
    value = variable.parse(variable.spelled(default))
    assert (value, type(value)) == (default, type(default))


@pytest.mark.requirement("2.0.1 TC_B_11_CS")
@pytest.mark.parametrize(
    "variable, text", [(variable, text) for variable in WRITABLE for text in (*WRONG_TYPE[variable.type], *out_of_range(variable))]
)
def test_what_does_not_fit_is_refused(variable: Variable, text: str) -> None:
    with pytest.raises(ValueError, match=variable.name):
        variable.parse(text)
