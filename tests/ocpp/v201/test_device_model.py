"""Block B, the device model: what is read, what is written, and the configuration's table of first values."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.backend import SettingsChangeRequested
from bridge.core.effects import Answer, Outcome
from bridge.core.settings import Settings
from bridge.core.state import State
from bridge.core.step import step
from bridge.ocpp import networks
from bridge.ocpp.dialect import Context, Handled, Passed, Refusal, Reply
from bridge.ocpp.frames import DESCRIPTION_MAX
from bridge.ocpp.v201 import device_model
from bridge.ocpp.v201.device_model import HANDLERS, VARIABLES, initial, rows
from bridge.ocpp.v201.inventory import EVERYTHING, inventory
from bridge.ocpp.v201.variable import REPORT_MAX, DataType, Mutability, Variable
from bridge.ocpp.v201.variables import ITEMS_MAX
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import assert_valid, payloads
from tests.ocpp.v201 import devices
from tests.ocpp.v201.desk import REQUEST, handled
from tests.ocpp.v201.devices import FIXED, FULL, PLAIN, WRONG_TYPE, good_texts, out_of_range
from tests.ocpp.v201.test_inventory import named
from tests.ocpp.worlds import STAMP, asked

WRITABLE = [variable for variable in inventory(FULL) if variable.writable]
TITLES = [variable.title for variable in WRITABLE]
THRESHOLD = named("OCPPCommCtrlr", "OfflineThreshold")
SECRET = Variable(
    component="SecurityCtrlr", name="Secret", type=DataType.STRING, field="organization", mutability=Mutability.WRITE_ONLY, doc=""
)


def written(value: str, wanted: dict[str, Any] = THRESHOLD, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """One item of SetVariables."""
    return {"attributeValue": value, **wanted, **more}


def put(*items: dict[str, Any], state: State = PLAIN) -> tuple[list[dict[str, Any]], tuple[tuple[str, Any], ...]]:
    """SetVariables: the results, and what is to change."""
    told = handled("SetVariables", {"setVariableData": list(items)}, asked(state))
    match told:
        case Reply(payload=payload):
            assert (told.messages, told.errands, told.event) == ((), (), None)
            return payload["setVariableResult"], ()
        case Passed(event=SettingsChangeRequested() as event, payload=whole):
            assert whole is not None
            assert event == SettingsChangeRequested(request=REQUEST, changes=event.changes, **STAMP)
            return whole["setVariableResult"], event.changes
        case _:
            pytest.fail(f"{told}")


def got(*items: dict[str, Any], context: Context | None = None) -> list[dict[str, Any]]:
    """GetVariables: the results."""
    told = handled("GetVariables", {"getVariableData": list(items)}, context or asked())
    assert isinstance(told, Reply)
    assert (told.messages, told.errands, told.event) == ((), (), None)
    results: list[dict[str, Any]] = told.payload["getVariableResult"]
    return results


def after(handled_: Handled, state: State) -> State:
    """The charge point, once the core has seen to it."""
    assert isinstance(handled_, Passed)
    stepped = step(state, handled_.event)
    assert [effect for effect in stepped.effects if isinstance(effect, Answer)] == [Answer(request=REQUEST, outcome=Outcome.ACCEPTED)]
    return stepped.state


# --- GetVariables -----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_B_06_CS")
def test_one_value_is_told() -> None:
    assert got(THRESHOLD | {"attributeType": "Actual"}) == [
        {"attributeStatus": "Accepted", "attributeType": "Actual", "attributeValue": "300", **THRESHOLD}
    ]


@pytest.mark.requirement("2.0.1 TC_B_07_CS")
def test_several_values_are_told_in_the_order_they_were_asked_for() -> None:
    results = got(THRESHOLD, named("AuthCtrlr", "LocalAuthorizeOffline"), THRESHOLD)
    assert [one["attributeValue"] for one in results] == ["300", "true", "300"]


ABSENT = [
    (named("Nothing", "Power"), {}, "UnknownComponent"),
    (named("EVSE#2", "Power"), {}, "UnknownComponent"),
    (named("SmartChargingCtrlr", "RateUnit"), {}, "UnknownComponent"),
    (named("TxCtrlr", "Nothing"), {}, "UnknownVariable"),
    (named("DeviceDataCtrlr", "ItemsPerMessage"), {}, "UnknownVariable"),
    *((THRESHOLD, {"attributeType": other}, "NotSupportedAttributeType") for other in ("Target", "MinSet", "MaxSet")),
    # what is not there has no attributes either
    (named("TxCtrlr", "Nothing"), {"attributeType": "Target"}, "UnknownVariable"),
]


@pytest.mark.parametrize("wanted, more, status", ABSENT)
def test_what_is_not_there_is_neither_read_nor_written(wanted: dict[str, Any], more: dict[str, Any], status: str) -> None:
    echo = {"attributeType": "Actual", **wanted, **more}
    assert got(wanted | more) == [{"attributeStatus": status, **echo}]
    assert put(written("1", wanted, **more)) == ([{"attributeStatus": status, **echo}], ())


def test_names_are_told_as_they_came_and_what_a_vendor_added_is_left_out() -> None:
    custom = {"customData": {"vendorId": "com.example"}}
    component = {"name": "evse", "evse": {"id": 1, **custom}, **custom}
    wanted = {"component": component, "variable": {"name": "POWER", **custom}, **custom}
    names = {"attributeType": "Actual", "component": {"name": "evse", "evse": {"id": 1}}, "variable": {"name": "POWER"}}
    assert got(wanted) == [{"attributeStatus": "Accepted", "attributeValue": "0", **names}]
    (result,), _ = put(written("1", wanted))
    assert {name: result[name] for name in names} == names


def test_what_may_only_be_written_is_not_told_but_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """No charge point has such a variable yet; a password would be one."""
    monkeypatch.setattr(device_model, "find", lambda *_: SECRET)
    (told,) = got(SECRET.named)
    assert (told["attributeStatus"], told["attributeStatusInfo"]) == ("Rejected", {"reasonCode": "WriteOnly"})
    assert "attributeValue" not in told
    (result,), changes = put(written("hush", SECRET.named))
    assert (result["attributeStatus"], changes) == ("Accepted", (("organization", "hush"),))


def test_a_variable_that_nothing_stands_behind_can_not_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = replace(SECRET, field=None, value=lambda _context: "x")
    monkeypatch.setattr(device_model, "find", lambda *_: bare)
    (result,), changes = put(written("1", bare.named))
    assert (result["attributeStatus"], changes) == ("Rejected", ())


def test_a_setting_that_may_only_be_read_is_told_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed = replace(SECRET, mutability=Mutability.READ_ONLY)
    monkeypatch.setattr(device_model, "find", lambda *_: fixed)
    assert got(fixed.named)[0]["attributeValue"] == "evbridge"
    (result,), changes = put(written("other", fixed.named))
    assert (result["attributeStatus"], changes) == ("Rejected", ())


def test_no_value_is_longer_than_what_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    long = replace(SECRET, mutability=Mutability.READ_ONLY, value=lambda _context: "x" * (REPORT_MAX + 1))
    monkeypatch.setattr(device_model, "find", lambda *_: long)
    assert got(long.named)[0]["attributeValue"] == "x" * REPORT_MAX


@pytest.mark.parametrize("state", [PLAIN, FIXED, FULL], ids=["plain", "fixed", "full"])
def test_everything_there_is_can_be_read(state: State) -> None:
    for variable in inventory(state):
        (told,) = got(variable.named, context=asked(state))
        assert told["attributeStatus"] == "Accepted", variable.title
        assert told["attributeValue"] == variable.text(asked(state))


# --- SetVariables -----------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_B_09_CS")
def test_one_value_is_written() -> None:
    assert put(written("17", attributeType="Actual")) == (
        [{"attributeStatus": "Accepted", "attributeType": "Actual", **THRESHOLD}],
        (("offline_threshold_s", 17),),
    )


@pytest.mark.requirement("2.0.1 TC_B_10_CS")
def test_several_values_are_written_and_each_has_its_own_answer() -> None:
    """What is wrong with one of them does not keep the others from being taken."""
    results, changes = put(
        written("17"),
        written("yes", named("AuthCtrlr", "LocalPreAuthorize")),
        written("false", named("AuthCtrlr", "LocalAuthorizeOffline")),
        written("1", named("Nothing", "Thing")),
        written("1", named("OCPPCommCtrlr", "NetworkConfigurationPriority")),
    )
    assert [one["attributeStatus"] for one in results] == ["Accepted", "Rejected", "Accepted", "UnknownComponent", "RebootRequired"]
    assert changes == (("offline_threshold_s", 17), ("local_authorize_offline", False), ("network_priority", ("1",)))


@pytest.mark.parametrize("text, taken", [("1", True), ("2,1", True), ("1,3", False), ("3", False)])
def test_only_slots_with_a_profile_have_a_priority(text: str, taken: bool) -> None:
    """Slot 1 is the configuration's and always there; here the central system has filled slot 2."""
    note = networks.written({2: networks.Profile(url="ws://elsewhere", protocol="ocpp2.0.1", security=0)})
    state = replace(PLAIN, kept=replace(PLAIN.kept, notes={networks.NOTE: note}))
    (result,), changes = put(written(text, named("OCPPCommCtrlr", "NetworkConfigurationPriority")), state=state)
    assert result["attributeStatus"] == ("RebootRequired" if taken else "Rejected")
    assert result.get("attributeStatusInfo") == (None if taken else {"reasonCode": "InvalidNetworkConf"})
    assert bool(changes) is taken


@pytest.mark.parametrize("variable", [one for one in inventory(FULL) if not one.writable], ids=lambda one: one.title)
def test_what_can_only_be_read_is_not_written(variable: Variable) -> None:
    (result,), changes = put(written(variable.text(asked(FULL)), variable.named), state=FULL)
    assert (result["attributeStatus"], result["attributeStatusInfo"], changes) == ("Rejected", {"reasonCode": "ReadOnly"}, ())


@pytest.mark.requirement("2.0.1 TC_B_11_CS")
@pytest.mark.parametrize(
    "variable, text",
    [(one, text) for one in WRITABLE for text in (*WRONG_TYPE[one.type], *out_of_range(one)) if len(text) <= 1000],
)
def test_a_value_of_another_type_or_beyond_its_limits_is_rejected(variable: Variable, text: str) -> None:
    (result,), changes = put(written(text, variable.named), state=FULL)
    assert (result["attributeStatus"], result["attributeStatusInfo"], changes) == (
        "Rejected",
        {"reasonCode": "PropertyConstraint"},
        (),
    )


@pytest.mark.parametrize("variable", WRITABLE, ids=TITLES)
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_what_is_written_is_read_back(variable: Variable, data: st.DataObject) -> None:
    """All the way: asked, decided by the core, in force, told."""
    text = data.draw(good_texts(variable))
    told = handled("SetVariables", {"setVariableData": [written(text, variable.named)]}, asked(FULL))
    assert isinstance(told, Passed)
    assert told.payload is not None
    (result,) = told.payload["setVariableResult"]
    assert result["attributeStatus"] == ("RebootRequired" if variable.reboot else "Accepted")
    (read,) = got(variable.named, context=asked(after(told, FULL)))
    assert variable.parse(read["attributeValue"]) == variable.parse(text)


def test_the_last_word_counts_where_a_variable_is_written_twice() -> None:
    told = handled("SetVariables", {"setVariableData": [written("17"), written("18")]}, asked(PLAIN))
    assert got(THRESHOLD, context=asked(after(told, PLAIN)))[0]["attributeValue"] == "18"


def test_what_only_a_socket_has_is_refused_with_a_fixed_cable() -> None:
    wanted = named("OCPPCommCtrlr", "UnlockOnEVSideDisconnect")
    assert put(written("false", wanted))[1] == (("unlock_on_ev_disconnect", False),)
    (result,), changes = put(written("true", wanted), state=FIXED)
    assert (result["attributeStatus"], changes) == ("Rejected", ())


@pytest.mark.parametrize("action, name", [("GetVariables", "getVariableData"), ("SetVariables", "setVariableData")])
def test_more_items_than_a_message_may_have_are_an_error(action: str, name: str) -> None:
    item = THRESHOLD if action == "GetVariables" else written("17")
    most = handled(action, {name: [item] * ITEMS_MAX}, asked())
    assert isinstance(most, Reply | Passed)
    refusal = handled(action, {name: [item] * (ITEMS_MAX + 1)}, asked())
    assert isinstance(refusal, Refusal)
    assert refusal.code == "OccurrenceConstraintViolation"
    assert refusal.description == f"more items than DeviceDataCtrlr.ItemsPerMessage[{action}] (50)"
    assert len(refusal.description) <= DESCRIPTION_MAX


@pytest.mark.parametrize("action", sorted(HANDLERS))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_any_payload_is_answered_item_by_item(action: str, data: st.DataObject) -> None:
    """Whatever the schema lets through, of variables that are there and of others, at any charge point."""
    payload: dict[str, Any] = data.draw(payloads(action, Kind.REQUEST, Version.V201))
    state = data.draw(devices.states)
    for item in payload.get("setVariableData", []) + payload.get("getVariableData", []):
        if data.draw(st.booleans()):
            item.update(data.draw(st.sampled_from(EVERYTHING)).named)
    told = HANDLERS[action](payload, asked(state))
    match told:
        case Reply(payload=whole):
            pass
        case Passed(payload=dict(whole)):
            after(told, state)
        case _:
            pytest.fail(f"{told}")
    assert_valid(action, Kind.RESPONSE, whole, Version.V201)
    for asked_for, answered in zip(payload.get("setVariableData", []), whole.get("setVariableResult", []), strict=True):
        assert answered["attributeType"] == asked_for.get("attributeType", "Actual")


def test_the_answer_is_ready_before_the_core_says_yes() -> None:
    """Its parts are one for each variable; there is no word for all of them."""
    assert set(device_model.ANSWERS) == {"SetVariables"}
    assert VARIABLES == ()


# --- configuration ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "variables, changed",
    [
        ({}, Settings()),
        ({"TxCtrlr.EVConnectionTimeOut": 90}, Settings(connection_timeout_s=90)),
        ({"txctrlr.evconnectiontimeout": "90"}, Settings(connection_timeout_s=90)),
        ({"AuthCtrlr.LocalPreAuthorize": True}, Settings(local_pre_authorize=True)),
        ({"AuthCtrlr.DisableRemoteAuthorization": True}, Settings(ask_backend=False)),
        ({"OCPPCommCtrlr.MessageAttempts[TransactionEvent]": 7}, Settings(attempts=7)),
        ({"OCPPCommCtrlr.UnlockOnEVSideDisconnect": False}, Settings(unlock_on_ev_disconnect=False)),
        ({"SmartChargingCtrlr.LimitChangeSignificance": "2.5"}, Settings(limit_change_percent="2.5")),
        ({"SmartChargingCtrlr.LimitChangeSignificance": 2}, Settings(limit_change_percent="2")),
        (
            {"ClockCtrlr.TimeOffset": "+02:00", "ClockCtrlr.TimeZone": "Europe/Oslo"},
            Settings(time_offset="+02:00", time_zone="Europe/Oslo"),
        ),
        ({"TxCtrlr.TxStartPoint": "Authorized,EVConnected"}, Settings(start_points=("Authorized", "EVConnected"))),
    ],
)
def test_the_configuration_sets_first_values(variables: dict[str, str | int | bool], changed: Settings) -> None:
    assert initial(variables, base=Settings()) == changed


def test_what_the_configuration_does_not_name_stays() -> None:
    base = Settings(attempts=9)
    assert initial({"TxCtrlr.EVConnectionTimeOut": 90}, base=base) == replace(base, connection_timeout_s=90)


@pytest.mark.parametrize(
    "variables, problems",
    [
        ({"TxCtrlr.EVConnectionTimeOut": 0}, ["TxCtrlr.EVConnectionTimeOut is a whole number from 1 to 86400 s"]),
        ({"txctrlr.evconnectiontimeout": True}, ["TxCtrlr.EVConnectionTimeOut is a whole number from 1 to 86400 s"]),
        ({"AuthCtrlr.LocalPreAuthorize": 1}, ["AuthCtrlr.LocalPreAuthorize is true or false"]),
        ({"securityctrlr.securityprofile": 2}, ["SecurityCtrlr.SecurityProfile can't be changed"]),
        (
            {"TxCtrlr.EVConnectionTimeout1": 90},
            ["TxCtrlr.EVConnectionTimeout1 is no variable of OCPP 2.0.1 that the bridge has: did you mean TxCtrlr.EVConnectionTimeOut?"],
        ),
        (
            {"OfflineThreshold": 90},
            ["OfflineThreshold is no variable of OCPP 2.0.1 that the bridge has: did you mean OCPPCommCtrlr.OfflineThreshold?"],
        ),
        # without its component it looks like none of them
        (
            {"LifeTime": 1},
            ["LifeTime is no variable of OCPP 2.0.1 that the bridge has: did you mean AuthCacheCtrlr.LifeTime?"],
        ),
        ({"": 1}, [" is no variable of OCPP 2.0.1 that the bridge has: the README lists them all"]),
        ({"Coffee": "black"}, ["Coffee is no variable of OCPP 2.0.1 that the bridge has: the README lists them all"]),
        (
            {"TxCtrlr.TxStartPoint": "Never", "Coffee": "black", "AuthCtrlr.LocalPreAuthorize": "true", "ClockCtrlr.DateTime": "now"},
            [
                "TxCtrlr.TxStartPoint is a comma-separated list of",
                "Coffee is no variable",
                "ClockCtrlr.DateTime can't be changed",
            ],
        ),
    ],
)
def test_all_problems_of_the_configuration_are_named_at_once(variables: dict[str, str | int | bool], problems: list[str]) -> None:
    with pytest.raises(ValueError) as refused:
        initial(variables, base=Settings())
    lines = str(refused.value).split("\n")
    assert len(lines) == len(problems)
    for line, problem in zip(lines, problems, strict=True):
        assert line.startswith(problem)


@given(st.dictionaries(st.sampled_from(sorted(device_model._KNOWN)) | st.text(), st.text() | st.integers() | st.booleans(), max_size=4))
def test_any_table_is_taken_or_its_problems_are_named(variables: dict[str, str | int | bool]) -> None:
    problems: list[str] = []
    try:
        assert isinstance(initial(variables, base=Settings()), Settings)
    except ValueError as error:
        problems = [str(error)]
    assert all(problems)


@pytest.mark.parametrize("variable", WRITABLE, ids=TITLES)
@settings(max_examples=10, deadline=None)
@given(st.data())
def test_every_writable_variable_can_stand_in_the_configuration(variable: Variable, data: st.DataObject) -> None:
    text = data.draw(good_texts(variable))
    changed = initial({variable.title: text}, base=Settings())
    assert getattr(changed, variable.field or "") == variable.parse(text)
    assert {one.name for one in fields(Settings) if getattr(changed, one.name) != getattr(Settings(), one.name)} <= {variable.field}


# --- README -----------------------------------------------------------------------------------------------------------------------


def test_the_readme_lists_each_variable_once() -> None:
    table = list(rows())
    titles = [title for title, *_ in table]
    assert len(set(titles)) == len(titles)
    assert set(titles) == {variable.title for variable in EVERYTHING}
    told = {title: rest for title, *rest in table}
    assert told["TxCtrlr.EVConnectionTimeOut"][:3] == ["RW", "a whole number from 1 to 86400 s", "60"]
    assert told["ClockCtrlr.DateTime"][:3] == ["R", "", ""]
    assert all(doc.endswith(".") for *_, doc in table)
