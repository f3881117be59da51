"""The configuration keys of OCPP 1.6."""

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.settings import Cable, Rules, Settings
from bridge.core.state import State
from bridge.core.values import ChargePointId, Instant
from bridge.ocpp.v16 import keys
from bridge.ocpp.v16.keys import (
    DAY_S,
    KEYS,
    MAX_KEYS,
    Accepted,
    Change,
    Key,
    Type,
    as_text,
    change_configuration,
    get_configuration,
    initial,
    rows,
)
from bridge.ocpp.validation import Kind
from tests.ocpp.official import assert_valid


def _at(settings: Settings | None = None, cable: Cable = Cable.SOCKET) -> State:
    rules = Rules(charge_point=ChargePointId("garage"), backend="backend", cable=cable)
    return State(rules=rules, settings=settings or Settings(), base=Settings(), now=Instant(mono_s=0.0, utc_ms=0))


SOCKET, FIXED = _at(), _at(cable=Cable.FIXED)
WRITABLE = [key for key in KEYS if key.field is not None]
REQUIRED = """
    AuthorizeRemoteTxRequests ClockAlignedDataInterval ConnectionTimeOut ConnectorPhaseRotation GetConfigurationMaxKeys HeartbeatInterval
    LocalAuthorizeOffline LocalPreAuthorize MeterValuesAlignedData MeterValuesSampledData MeterValueSampleInterval NumberOfConnectors
    ResetRetries StopTransactionOnInvalidId StopTxnAlignedData StopTxnSampledData SupportedFeatureProfiles TransactionMessageAttempts
    TransactionMessageRetryInterval UnlockConnectorOnEVSideDisconnect
"""
"""Of the Core profile (OCPP 1.6 §9.1, errata v4); RemoteTrigger has none."""


def _told(*names: str, settings: Settings | None = None, cable: Cable = Cable.SOCKET) -> dict[str, tuple[str, bool]]:
    answer = get_configuration(names, _at(settings, cable))
    assert_valid("GetConfiguration", Kind.RESPONSE, answer)
    return {key["key"]: (key["value"], key["readonly"]) for key in answer.get("configurationKey", [])}


@pytest.mark.requirement("1.6 TC_019_CS")
def test_an_empty_list_means_all_keys_and_every_required_one_is_among_them() -> None:
    """A central system that asks for everything gets everything."""
    told = _told()
    assert list(told) == [key.name for key in KEYS if key.available(SOCKET)]
    assert set(REQUIRED.split()) <= set(told)


@pytest.mark.requirement("1.6 TC_019_CS")
def test_what_the_station_is_reads_as_it_should() -> None:
    assert _told("SupportedFeatureProfiles", "NumberOfConnectors", "GetConfigurationMaxKeys", "StopTransactionOnEVSideDisconnect") == {
        "SupportedFeatureProfiles": ("Core,LocalAuthListManagement,Reservation,RemoteTrigger", True),
        "NumberOfConnectors": ("1", True),
        "GetConfigurationMaxKeys": (str(MAX_KEYS), True),
        "StopTransactionOnEVSideDisconnect": ("true", True),
    }


def test_what_a_charge_point_does_not_have_is_as_unknown_as_any_other_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, or a profile, may belong to some charge points only."""
    fixed = Key(name="Fixed", type=Type.BOOLEAN, constant=True, doc="", available=lambda state: state.rules.cable is Cable.FIXED)
    monkeypatch.setitem(keys._BY_NAME, "fixed", fixed)
    assert "Fixed" in _told(cable=Cable.FIXED)
    assert "Fixed" not in _told()
    assert _told("fixed", cable=Cable.FIXED) == {"Fixed": ("true", True)}
    assert get_configuration(["fixed"], SOCKET) == {"unknownKey": ["fixed"]}
    assert change_configuration("Fixed", "true", FIXED) is Change.REJECTED
    assert change_configuration("Fixed", "true", SOCKET) is Change.NOT_SUPPORTED


@pytest.mark.requirement("1.6 TC_019_CS")
def test_all_keys_can_be_asked_for_by_name_at_once() -> None:
    names = [key.name for key in KEYS if key.available(SOCKET)]
    assert len(KEYS) <= MAX_KEYS
    assert list(_told(*names)) == names


def test_unknown_keys_are_listed_and_known_ones_are_still_answered() -> None:
    answer = get_configuration(["Foo", "HeartbeatInterval", "Bar", "Foo"], SOCKET)
    assert [key["key"] for key in answer["configurationKey"]] == ["HeartbeatInterval"]
    assert answer["unknownKey"] == ["Foo", "Bar"]


def test_only_unknown_keys_leave_the_other_list_out() -> None:
    assert get_configuration(["Foo"], SOCKET) == {"unknownKey": ["Foo"]}


def test_keys_are_found_in_any_case_and_told_once() -> None:
    assert list(_told("heartbeatinterval", "HEARTBEATINTERVAL")) == ["HeartbeatInterval"]


def test_the_heartbeat_in_force_is_told_where_the_registration_decides() -> None:
    answer = get_configuration(["HeartbeatInterval"], SOCKET, heartbeat_s=300)
    assert answer["configurationKey"][0]["value"] == "300"
    answer = get_configuration(["HeartbeatInterval"], _at(Settings(heartbeat_s=60)), heartbeat_s=300)
    assert answer["configurationKey"][0]["value"] == "60"


def test_a_fixed_cable_is_never_unlocked_and_says_so() -> None:
    """1.6 errata 3.84: a fixed cable reports false, read-only."""
    name = "UnlockConnectorOnEVSideDisconnect"
    assert _told(name, cable=Cable.FIXED) == {name: ("false", True)}
    assert _told(name, cable=Cable.SOCKET) == {name: ("true", False)}
    assert change_configuration(name, "true", FIXED) is Change.REJECTED
    assert change_configuration(name, "false", SOCKET) == Accepted(field="unlock_on_ev_disconnect", value=False)


@pytest.mark.parametrize("name", ["AuthorizationKey", "authorizationkey", "SecurityProfile", ""])
def test_what_is_not_offered_is_neither_told_nor_taken(name: str) -> None:
    assert get_configuration([name], SOCKET) == {"unknownKey": [name]}
    assert change_configuration(name, "1", SOCKET) is Change.NOT_SUPPORTED


ALL_MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Current.Offered",
    "Voltage",
    "SoC",
)


@pytest.mark.parametrize(
    "name, text, outcome",
    [
        pytest.param("Testing", "true", Change.NOT_SUPPORTED, marks=pytest.mark.requirement("1.6 TC_040_1_CS")),
        pytest.param("MeterValueSampleInterval", "-1", Change.REJECTED, marks=pytest.mark.requirement("1.6 TC_040_2_CS")),
        pytest.param(
            "MeterValueSampleInterval", "30", Accepted(field="sample_interval_s", value=30), marks=pytest.mark.requirement("1.6 TC_021_CS")
        ),
        ("metervaluesampleinterval", " 30 ", Accepted(field="sample_interval_s", value=30)),
        ("MeterValueSampleInterval", "+30", Accepted(field="sample_interval_s", value=30)),
        ("MeterValueSampleInterval", "0", Accepted(field="sample_interval_s", value=0)),
        ("MeterValueSampleInterval", str(DAY_S), Accepted(field="sample_interval_s", value=DAY_S)),
        ("MeterValueSampleInterval", str(DAY_S + 1), Change.REJECTED),
        ("MeterValueSampleInterval", "30.0", Change.REJECTED),
        ("MeterValueSampleInterval", "1e2", Change.REJECTED),
        ("MeterValueSampleInterval", "1_0", Change.REJECTED),
        ("MeterValueSampleInterval", "٣٠", Change.REJECTED),
        ("MeterValueSampleInterval", "9" * 500, Change.REJECTED),
        ("MeterValueSampleInterval", "", Change.REJECTED),
        ("WebSocketPingInterval", "-1", Change.REJECTED),
        ("WebSocketPingInterval", "0", Accepted(field="ping_s", value=0)),
        ("TransactionMessageAttempts", "0", Change.REJECTED),
        ("ConnectionTimeOut", "0", Change.REJECTED),
        ("LightIntensity", "101", Change.REJECTED),
        ("LocalPreAuthorize", "TRUE", Accepted(field="local_pre_authorize", value=True)),
        ("LocalPreAuthorize", " false", Accepted(field="local_pre_authorize", value=False)),
        ("LocalPreAuthorize", "1", Change.REJECTED),
        ("LocalPreAuthorize", "yes", Change.REJECTED),
        ("MeterValuesSampledData", "Voltage,SoC", Accepted(field="sampled", value=("Voltage", "SoC"))),
        ("MeterValuesSampledData", " Voltage , SoC,", Accepted(field="sampled", value=("Voltage", "SoC"))),
        ("MeterValuesSampledData", "voltage,VOLTAGE", Accepted(field="sampled", value=("Voltage",))),
        ("MeterValuesSampledData", ",".join(ALL_MEASURANDS), Accepted(field="sampled", value=ALL_MEASURANDS)),
        ("MeterValuesSampledData", "", Accepted(field="sampled", value=())),
        # 1.6 errata 3.14.4: one unsupported measurand and nothing changes
        ("MeterValuesSampledData", "Voltage,Frequency", Change.REJECTED),
        ("MeterValuesAlignedData", "RPM", Change.REJECTED),
        ("StopTxnSampledData", "Voltage", Accepted(field="stop_sampled", value=("Voltage",))),
        ("StopTxnAlignedData", "Voltage", Accepted(field="stop_aligned", value=("Voltage",))),
        ("ConnectorPhaseRotation", "0.RST, 1.RTS", Accepted(field="phase_rotation", value=("0.RST", "1.RTS"))),
        ("ConnectorPhaseRotation", "1.RST,1.RTS", Change.REJECTED),
        ("ConnectorPhaseRotation", "2.RST", Change.REJECTED),
        ("ConnectorPhaseRotation", "RST", Change.REJECTED),
        ("NumberOfConnectors", "1", Change.REJECTED),
        ("SupportedFeatureProfiles", "Core", Change.REJECTED),
        ("StopTransactionOnEVSideDisconnect", "true", Change.REJECTED),
    ],
)
def test_a_change_is_accepted_rejected_or_not_supported(name: str, text: str, outcome: Accepted | Change) -> None:
    assert change_configuration(name, text, SOCKET) == outcome


@pytest.mark.parametrize("key", WRITABLE, ids=lambda key: key.name)
def test_each_writable_key_reads_back_what_was_written(key: Key) -> None:
    """GetConfiguration after ChangeConfiguration tells the new value, and only that key's."""
    before = Settings()
    text = {Type.BOOLEAN: "false", Type.INTEGER: str(key.maximum), Type.LIST: key.items[-1] if key.items else ""}[key.type]
    after = initial({key.name: text}, base=before)
    assert _told(key.name, settings=after)[key.name] == (text, False)
    other = {name: value for name, value in _told(settings=after).items() if name != key.name}
    assert other.items() <= _told(settings=before).items()


@pytest.mark.parametrize("key", WRITABLE, ids=lambda key: key.name)
def test_each_key_parses_to_the_type_of_its_setting(key: Key) -> None:
    assert key.field is not None
    default = getattr(Settings(), key.field)
    assert type(key.parse(as_text(default))) is type(default)
    assert key.parse(as_text(default)) == default


def test_each_key_has_a_setting_of_its_own() -> None:
    used = [key.field for key in WRITABLE]
    assert len(used) == len(set(used))
    assert set(used) <= {setting.name for setting in fields(Settings)}


def test_length_keys_tell_the_length_of_the_list_they_belong_to() -> None:
    told = _told()
    assert told["MeterValuesSampledDataMaxLength"] == (str(len(ALL_MEASURANDS)), True)
    assert told["ConnectorPhaseRotationMaxLength"] == ("2", True)


@given(st.sampled_from([key.name for key in KEYS]) | st.text(max_size=50), st.text(max_size=500), st.sampled_from(Cable))
def test_any_change_gets_an_answer_and_what_is_accepted_can_be_read(name: str, text: str, cable: Cable) -> None:
    match change_configuration(name, text, _at(cable=cable)):
        case Change():
            pass
        case Accepted(field=field, value=value):
            answer = get_configuration([name], _at(initial({name: text}, base=Settings()), cable))
            assert answer["configurationKey"][0]["value"] == as_text(value)
            assert field in {setting.name for setting in fields(Settings)}


@given(st.lists(st.sampled_from([key.name for key in KEYS]) | st.text(max_size=50), max_size=20), st.sampled_from(Cable))
def test_every_answer_to_getconfiguration_is_valid(names: list[str], cable: Cable) -> None:
    assert_valid("GetConfiguration", Kind.RESPONSE, get_configuration(names, _at(cable=cable)))


# --- the configuration's own table --------------------------------------------------------------------------------------------------


def test_initial_variables_may_be_written_as_toml_has_them() -> None:
    settings = initial({"LocalPreAuthorize": True, "MeterValueSampleInterval": 30, "StopTxnSampledData": "Voltage, SoC"}, base=Settings())
    assert settings == Settings(local_pre_authorize=True, sample_interval_s=30, stop_sampled=("Voltage", "SoC"))


ROTATIONS = (
    "a comma-separated list of one rotation for each of 0 and 1, as 0.RST,1.RST; besides there are"
    " NotApplicable, Unknown, RST, RTS, SRT, STR, TRS, TSR"
)


def test_all_problems_are_told_at_once_each_with_what_is_allowed() -> None:
    """Whoever writes the configuration sees every mistake, and what to write instead."""
    with pytest.raises(ValueError) as refused:
        initial(
            {
                "MeterValueSampleIntervall": 3,
                "Xyzzy": 1,
                "NumberOfConnectors": 2,
                "ConnectionTimeOut": 0,
                "LocalPreAuthorize": "ja",
                "MeterValuesSampledData": "Voltage,Frequency",
                "ConnectorPhaseRotation": "RST",
                "ResetRetries": 3,
                "SupportedFeatureProfiles": "Core",
            },
            base=Settings(),
        )
    assert str(refused.value).splitlines() == [
        "MeterValueSampleIntervall is no configuration key of OCPP 1.6 that the bridge has: did you mean MeterValueSampleInterval?",
        "Xyzzy is no configuration key of OCPP 1.6 that the bridge has: the README lists them all",
        "NumberOfConnectors can't be changed: it is always 1",
        "ConnectionTimeOut is a whole number from 1 to 86400 s",
        "LocalPreAuthorize is true or false",
        "MeterValuesSampledData is a comma-separated list of " + ", ".join(ALL_MEASURANDS),
        f"ConnectorPhaseRotation is {ROTATIONS}",
        "SupportedFeatureProfiles can't be changed: it follows from the charge point",
    ]


def test_the_readme_table_has_a_row_for_every_key() -> None:
    table = {name: (access, allowed, default) for name, access, allowed, default, _ in rows()}
    assert list(table) == [key.name for key in KEYS]
    assert table["NumberOfConnectors"] == ("R", "", "1")
    assert table["MeterValueSampleInterval"] == ("RW", "0 to 86400 s", "60")
    assert table["ConnectionTimeOut"] == ("RW", "1 to 86400 s", "60")
    assert all(doc.endswith(".") for *_, doc in rows())
