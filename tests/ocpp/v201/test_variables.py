"""The table of what the central system can set, row by row."""

from dataclasses import fields, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.settings import Cable, Settings
from bridge.core.state import State
from bridge.ocpp.networks import Network
from bridge.ocpp.v201.variable import DataType, Mutability, Setting, Variable
from bridge.ocpp.v201.variables import (
    AUTHORIZATION,
    COMMUNICATION,
    DAY_S,
    HOUSEHOLD,
    METERING,
    TRANSACTIONS,
    VARIABLES,
    boolean,
    chosen,
    constant,
    integer,
    limits,
    present,
    text,
)
from tests.ocpp.v201 import devices
from tests.ocpp.v201.devices import WRONG_TYPE, good_texts, out_of_range
from tests.ocpp.worlds import NOW_TEXT, asked, charge_point

WRITABLE = [variable for variable in VARIABLES if variable.writable]
TITLES = [variable.title for variable in WRITABLE]
FIELDS = {field.name for field in fields(Settings)}
UNSET = {"OCPPCommCtrlr.HeartbeatInterval", "ClockCtrlr.NextTimeOffsetTransitionDateTime"}
"""Until they are written, the first is the registration's and the second is nothing: neither can be written so."""


def one(title: str, cable: Cable = Cable.SOCKET) -> Variable:
    """The row of this title."""
    (found,) = (variable for variable in VARIABLES if variable.title == title and variable.available(charge_point(cable=cable)))
    return found


def read(title: str, in_force: Settings | None = None, cable: Cable = Cable.SOCKET) -> str:
    """What it says."""
    return one(title, cable).text(asked(charge_point(settings=in_force, cable=cable)))


def test_the_table_is_the_sum_of_its_parts() -> None:
    assert VARIABLES == METERING + AUTHORIZATION + TRANSACTIONS + COMMUNICATION + HOUSEHOLD


@pytest.mark.parametrize("variable", WRITABLE, ids=TITLES)
def test_what_is_set_out_of_the_box_could_have_been_written(variable: Variable) -> None:
    """So a central system may write back what it has read, and each row parses to the type of its field."""
    assert variable.field in FIELDS
    default: Setting = getattr(Settings(), variable.field or "")
    if variable.title in UNSET:
        with pytest.raises(ValueError, match=variable.name):
            variable.parse(variable.spelled(default))
    else:
        value = variable.parse(variable.spelled(default))
        assert (value, type(value)) == (default, type(default))


@pytest.mark.parametrize("variable", WRITABLE, ids=TITLES)
@settings(max_examples=15, deadline=None)
@given(st.data())
def test_what_fits_is_taken_and_read_back_as_the_same(variable: Variable, data: st.DataObject) -> None:
    value = variable.parse(data.draw(good_texts(variable)))
    assert type(value) is type(getattr(Settings(), variable.field or ""))
    in_force = replace(Settings(), **{variable.field or "": value})  # type: ignore[arg-type]  # the line above
    told = variable.text(asked(charge_point(settings=in_force), heartbeat_s=7))
    assert variable.parse(told) == value


@pytest.mark.requirement("2.0.1 TC_B_11_CS")
@pytest.mark.parametrize(
    "variable, text", [(variable, text) for variable in WRITABLE for text in (*WRONG_TYPE[variable.type], *out_of_range(variable))]
)
def test_what_does_not_fit_is_refused(variable: Variable, text: str) -> None:
    with pytest.raises(ValueError, match=variable.name):
        variable.parse(text)


@given(devices.states, st.integers(0, DAY_S))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_value_of_every_charge_point_can_be_told(state: State, heartbeat_s: int) -> None:
    context = asked(state, heartbeat_s=heartbeat_s)
    for variable in VARIABLES:
        assert isinstance(variable.text(context), str)


def test_a_field_has_one_variable() -> None:
    used = [variable.field for variable in VARIABLES if variable.field is not None]
    assert len(set(used)) == len(used)


# --- what decides more than its field ---------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_B_06_CS")
@pytest.mark.parametrize(
    "title, told",
    [
        ("OCPPCommCtrlr.OfflineThreshold", "300"),
        ("AuthCtrlr.LocalAuthorizeOffline", "true"),
        ("AuthCtrlr.DisableRemoteAuthorization", "false"),
        ("TxCtrlr.StopTxOnEVSideDisconnect", "true"),
        ("TxCtrlr.TxStopPoint", "PowerPathClosed,EVConnected"),
        ("OCPPCommCtrlr.MessageTimeout[Default]", "30"),
        ("OCPPCommCtrlr.ActiveNetworkProfile", "1"),
        ("OCPPCommCtrlr.NetworkConfigurationPriority", "1"),
        ("OCPPCommCtrlr.FileTransferProtocols", "HTTP,HTTPS,FTP,FTPS,SFTP"),
        ("OCPPCommCtrlr.QueueAllMessages", "false"),
        ("SecurityCtrlr.SecurityProfile", "1"),
        ("SecurityCtrlr.CertificateEntries", "0"),
        ("ClockCtrlr.DateTime", NOW_TEXT),
        ("DeviceDataCtrlr.ItemsPerMessage[GetVariables]", "50"),
        ("DeviceDataCtrlr.BytesPerMessage[SetVariables]", "65536"),
        ("DeviceDataCtrlr.ConfigurationValueSize", "1000"),
        ("DeviceDataCtrlr.ReportingValueSize", "2500"),
    ],
)
def test_what_is_told_out_of_the_box(title: str, told: str) -> None:
    assert read(title) == told


def test_the_heartbeat_is_the_registrations_until_it_is_set() -> None:
    heartbeat = one("OCPPCommCtrlr.HeartbeatInterval")
    assert heartbeat.text(asked(heartbeat_s=300)) == "300"
    assert heartbeat.text(asked(charge_point(settings=Settings(heartbeat_s=60)), heartbeat_s=300)) == "60"


def test_a_double_negative_is_understood() -> None:
    """DisableRemoteAuthorization is true where nobody is asked."""
    assert read("AuthCtrlr.DisableRemoteAuthorization", Settings(ask_backend=False)) == "true"
    assert one("AuthCtrlr.DisableRemoteAuthorization").parse("true") is False


def test_only_a_cable_that_can_be_freed_has_a_choice() -> None:
    title = "OCPPCommCtrlr.UnlockOnEVSideDisconnect"
    freed = Settings(unlock_on_ev_disconnect=True)
    assert (read(title, freed), one(title).mutability) == ("true", Mutability.READ_WRITE)
    assert (read(title, freed, Cable.FIXED), one(title, Cable.FIXED).mutability) == ("false", Mutability.READ_ONLY)


def test_the_connection_tells_of_itself() -> None:
    context = replace(asked(), network=Network(slot=2), security_profile=2, call_timeout_s=12.4)
    told = [one(title).text(context) for title in ("OCPPCommCtrlr.ActiveNetworkProfile", "OCPPCommCtrlr.MessageTimeout[Default]")]
    assert [*told, one("SecurityCtrlr.SecurityProfile").text(context)] == ["2", "12", "2"]


@pytest.mark.parametrize("title", ["OCPPCommCtrlr.NetworkConfigurationPriority"])
def test_another_network_takes_a_restart(title: str) -> None:
    assert [variable.title for variable in VARIABLES if variable.reboot] == [title]
    assert one(title).type is DataType.SEQUENCE_LIST
    assert one(title).parse("2,1") == ("2", "1")


# --- how rows are written ---------------------------------------------------------------------------------------------------------


def test_rows_are_what_they_are_called() -> None:
    number = integer("A", "B", "retry_s", "doc", instance="I")
    assert (number.type, number.unit, number.minimum, number.maximum, number.title) == (DataType.INTEGER, "s", 0, DAY_S, "A.B[I]")
    assert boolean("A", "B", "ask_backend", "doc", negated=True).negated
    words = text("A", "B", "organization", "doc", longest=7)
    assert (words.type, words.maximum, words.writable) == (DataType.STRING, 7, True)
    several = chosen("A", "B", "sampled", "doc", items=("x",))
    assert (several.type, several.minimum, several.reboot) == (DataType.MEMBER_LIST, None, False)
    assert chosen("A", "B", "sampled", "doc", items=("x",), least=1, ordered=True).type is DataType.SEQUENCE_LIST
    fixed = constant("A", "B", "7", "doc")
    assert (fixed.text(asked()), fixed.writable, fixed.observable) == ("7", False, False)
    assert present("A", "doc", instance="I").title == "A.Available[I]"
    assert [row.text(asked()) for row in limits("A", "Get", items=3, size=4)] == ["3", "4"]
