"""A variable of the device model: names, values read and written, what is allowed in words."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.settings import Settings
from bridge.ocpp.v201.variable import TEXT_MAX, DataType, Mutability, Setting, Variable, in_range
from tests.ocpp.v201.devices import WRONG_TYPE, good_texts, out_of_range
from tests.ocpp.worlds import asked, charge_point

LIST = ("One", "Two", "Three")


def variable(type_: DataType = DataType.INTEGER, **more: Any) -> Variable:  # noqa: ANN401
    """One of this type, that can be written."""
    return Variable(component="TestCtrlr", name="Thing", type=type_, doc="", field="retry_s", mutability=Mutability.READ_WRITE, **more)


BOOLEAN = variable(DataType.BOOLEAN)
NOT = variable(DataType.BOOLEAN, negated=True)
INTEGER = variable(minimum=-5, maximum=100)
FREE = variable()
DECIMAL = variable(DataType.DECIMAL, minimum=0, maximum=100)
TIME = variable(DataType.DATE_TIME)
TEXT = variable(DataType.STRING, maximum=5)
LONG = variable(DataType.STRING)
OPTION = variable(DataType.OPTION_LIST, items=LIST)
SEQUENCE = variable(DataType.SEQUENCE_LIST, items=LIST, minimum=1)
MEMBERS = variable(DataType.MEMBER_LIST, items=LIST)
EVERY_TYPE = (BOOLEAN, NOT, INTEGER, FREE, DECIMAL, TIME, TEXT, LONG, OPTION, SEQUENCE, MEMBERS)


@pytest.mark.parametrize(
    "variable, text, value",
    [
        (BOOLEAN, "true", True),
        (BOOLEAN, " False ", False),
        (NOT, "true", False),
        (NOT, "false", True),
        (INTEGER, "7", 7),
        (INTEGER, " +7 ", 7),
        (INTEGER, "-5", -5),
        (INTEGER, "-0", 0),
        (FREE, "999999999", 999_999_999),
        (DECIMAL, "0.1", "0.1"),
        (DECIMAL, " 1.50 ", "1.50"),
        (DECIMAL, "100", "100"),
        (DECIMAL, "0", "0"),
        (TIME, "2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z"),
        (TIME, "2030-01-31T12:00:00.123+02:00", "2030-01-31T12:00:00.123+02:00"),
        (TIME, "2030-01-31T12:00Z", "2030-01-31T12:00Z"),
        (TEXT, "", ""),
        (TEXT, " abc ", " abc "),
        (LONG, "x" * TEXT_MAX, "x" * TEXT_MAX),
        (OPTION, " two ", "Two"),
        (SEQUENCE, "three, one", ("Three", "One")),
        (SEQUENCE, "ONE,one,", ("One",)),
        (MEMBERS, "", ()),
        (MEMBERS, "Two,One", ("Two", "One")),
    ],
)
def test_a_value_is_read_as_the_field_has_it(variable: Variable, text: str, value: Setting) -> None:
    read = variable.parse(text)
    assert (read, type(read)) == (value, type(value))


REFUSED = [(one, text) for one in EVERY_TYPE for text in (*WRONG_TYPE[one.type], *out_of_range(one))]


@pytest.mark.requirement("2.0.1 TC_B_11_CS")
@pytest.mark.parametrize("variable, text", REFUSED)
def test_a_value_of_another_type_or_beyond_its_limits_is_refused_with_what_is_allowed(variable: Variable, text: str) -> None:
    with pytest.raises(ValueError, match=r"TestCtrlr\.Thing is ") as refused:
        variable.parse(text)
    assert str(refused.value) == f"TestCtrlr.Thing is {variable.allowed}"


@given(st.sampled_from(EVERY_TYPE), st.data())
def test_what_is_read_and_spelled_and_read_again_is_the_same(variable: Variable, data: st.DataObject) -> None:
    value = variable.parse(data.draw(good_texts(variable)))
    assert variable.parse(variable.spelled(value)) == value


@given(st.sampled_from(EVERY_TYPE), st.text())
def test_any_text_is_read_or_refused(variable: Variable, text: str) -> None:
    with suppress(ValueError):
        value = variable.parse(text)
        assert variable.parse(variable.spelled(value)) == value


@pytest.mark.parametrize(
    "variable, words",
    [
        (BOOLEAN, "true or false"),
        (OPTION, "one of One, Two, Three"),
        (SEQUENCE, "a comma-separated list of One, Two, Three"),
        (MEMBERS, "a comma-separated list of One, Two, Three"),
        (TIME, "a time as 2030-01-31T12:00:00Z"),
        (TEXT, "a text of at most 5 characters"),
        (LONG, "a text of at most 1000 characters"),
        (FREE, "a whole number"),
        (INTEGER, "a whole number from -5 to 100"),
        (variable(minimum=1), "a whole number from 1"),
        (variable(maximum=1_000_000), "a whole number up to 1000000"),
        (variable(minimum=2_000_000), "a whole number from 2000000"),
        (variable(minimum=0, maximum=31_622_400, unit="s"), "a whole number from 0 to 31622400 s"),
        (variable(DataType.DECIMAL, minimum=0, maximum=0.5, unit="Percent"), "a number from 0 to 0.5 Percent"),
    ],
)
def test_what_is_allowed_is_said_in_words(variable: Variable, words: str) -> None:
    assert variable.allowed == words


@pytest.mark.parametrize(
    "variable, value, text",
    [
        (BOOLEAN, True, "true"),
        (BOOLEAN, False, "false"),
        (NOT, True, "false"),
        (NOT, False, "true"),
        (INTEGER, 0, "0"),
        (TEXT, "abc", "abc"),
        (MEMBERS, ("Two", "One"), "Two,One"),
        (MEMBERS, (), ""),
    ],
)
def test_a_setting_is_spelled_as_the_central_system_reads_it(variable: Variable, value: Setting, text: str) -> None:
    assert variable.spelled(value) == text


def test_its_value_comes_from_its_field_or_is_read_and_is_kept_back_where_it_may_only_be_written() -> None:
    context = asked(charge_point(settings=Settings(retry_s=17)))
    assert FREE.text(context) == "17"
    assert replace(FREE, value=lambda _context: "other").text(context) == "other"
    assert replace(FREE, mutability=Mutability.WRITE_ONLY).text(context) == ""


@pytest.mark.parametrize(
    "mutability, field, monitored, writable, observable",
    [
        (Mutability.READ_ONLY, None, False, False, False),
        (Mutability.READ_ONLY, None, True, False, True),
        (Mutability.READ_WRITE, "retry_s", False, True, True),
        (Mutability.WRITE_ONLY, "retry_s", False, True, True),
    ],
)
def test_what_can_be_written_can_be_monitored(
    mutability: Mutability, field: str | None, monitored: bool, writable: bool, observable: bool
) -> None:
    one = replace(FREE, mutability=mutability, field=field, monitored=monitored)
    assert (one.writable, one.observable) == (writable, observable)


def test_only_numbers_have_more_and_less() -> None:
    assert [one for one in EVERY_TYPE if one.numeric] == [INTEGER, FREE, DECIMAL]


@pytest.mark.parametrize(
    "more, title, named, key",
    [
        (
            {},
            "TestCtrlr.Thing",
            {"component": {"name": "TestCtrlr"}, "variable": {"name": "Thing"}},
            ("testctrlr", None, None, None, "thing", None),
        ),
        (
            {"component_instance": "Left", "instance": "Deep"},
            "TestCtrlr[Left].Thing[Deep]",
            {"component": {"name": "TestCtrlr", "instance": "Left"}, "variable": {"name": "Thing", "instance": "Deep"}},
            ("testctrlr", "left", None, None, "thing", "deep"),
        ),
        (
            {"evse": 1},
            "TestCtrlr.Thing",
            {"component": {"name": "TestCtrlr", "evse": {"id": 1}}, "variable": {"name": "Thing"}},
            ("testctrlr", None, 1, None, "thing", None),
        ),
        (
            {"evse": 1, "connector": 2},
            "TestCtrlr.Thing",
            {"component": {"name": "TestCtrlr", "evse": {"id": 1, "connectorId": 2}}, "variable": {"name": "Thing"}},
            ("testctrlr", None, 1, 2, "thing", None),
        ),
    ],
)
def test_its_names(more: dict[str, Any], title: str, named: dict[str, Any], key: tuple[Any, ...]) -> None:
    one = variable(**more)
    assert (one.title, one.named, one.key) == (title, named, key)
    assert one.available(charge_point())


@pytest.mark.parametrize(
    "minimum, maximum, number, within",
    [
        (None, None, 1e9, True),
        (1, None, 1, True),
        (1, None, 0.9, False),
        (None, 1, 1, True),
        (None, 1, 1.1, False),
        (1, 2, 3, False),
        (1, 2, 0, False),
    ],
)
def test_limits_belong_to_the_range(minimum: float | None, maximum: float | None, number: float, within: bool) -> None:
    assert in_range(variable(minimum=minimum, maximum=maximum), number) is within
