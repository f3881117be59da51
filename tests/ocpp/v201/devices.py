"""What the tests of the device model share: charge points of every sort, and values that fit a variable or don't."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from bridge.core.settings import Ability, Cable
from bridge.core.state import State
from bridge.ocpp import networks
from bridge.ocpp.measurands import MEASURANDS
from bridge.ocpp.v201.variable import TEXT_MAX, DataType, Variable
from tests.ocpp import worlds
from tests.ocpp.worlds import charge_point


def device(*, cable: Cable = Cable.SOCKET, can: frozenset[Ability] = frozenset(), smart: bool = False, **more: Any) -> State:  # noqa: ANN401
    """A charge point of this sort; every slot has a network profile."""
    state = charge_point(cable=cable, **more)
    profile = networks.Profile(url="ws://elsewhere.example", protocol="ocpp2.0.1", security=networks.PLAIN)
    state = replace(state, kept=replace(state.kept, notes={networks.NOTE: networks.written({2: profile, 3: profile})}))
    return replace(state, rules=replace(state.rules, can=can, smart_charging=smart))


PLAIN = device()
FIXED = device(cable=Cable.FIXED)
FULL = device(can=frozenset(Ability), smart=True)
EVERY_SORT: Mapping[str, State] = {"plain": PLAIN, "fixed cable": FIXED, "everything": FULL}


def _sorted(state: State, can: frozenset[Ability], smart: bool) -> State:
    return replace(state, rules=replace(state.rules, can=can, smart_charging=smart))


states = st.builds(_sorted, worlds.states, st.frozensets(st.sampled_from(Ability)), st.booleans())
"""Any charge point at all."""


# --- values -----------------------------------------------------------------------------------------------------------------------

_PADDING = st.sampled_from(["", " ", "\t"])
_EARLIEST = datetime(1971, 1, 1)  # noqa: DTZ001 - Hypothesis wants it without a zone
_BY_HAND = st.characters(min_codepoint=32, max_codepoint=0x2FFF)


def good_texts(variable: Variable) -> st.SearchStrategy[str]:
    """What it takes."""
    match variable.type:
        case DataType.BOOLEAN:
            return st.sampled_from(["true", "false", "True", "FALSE", " true "])
        case DataType.INTEGER:
            return st.integers(_whole(variable.minimum, 0), _whole(variable.maximum, 10**8)).map(str)
        case DataType.DECIMAL:
            numbers = st.decimals(_whole(variable.minimum, 0), _whole(variable.maximum, 10**8), places=2)
            return numbers.map(lambda number: f"{number:f}")
        case DataType.DATE_TIME:
            return st.datetimes(min_value=_EARLIEST).map(lambda moment: moment.isoformat() + "Z")
        case DataType.STRING:
            return st.text(_BY_HAND, max_size=TEXT_MAX if variable.maximum is None else int(variable.maximum))
        case DataType.OPTION_LIST:
            return st.sampled_from(variable.items)
        case DataType.SEQUENCE_LIST | DataType.MEMBER_LIST:
            words = st.lists(st.sampled_from(variable.items), min_size=int(variable.minimum or 0), max_size=9)
            return st.builds(lambda chosen, gap: f",{gap}".join(chosen), words, _PADDING)


def _whole(number: float | None, otherwise: int) -> int:
    return otherwise if number is None else int(number)


WRONG_TYPE: Mapping[DataType, tuple[str, ...]] = {
    DataType.BOOLEAN: ("", "1", "yes", "1.1", "abc", "2030-01-31T12:00:00Z"),
    DataType.INTEGER: ("", "true", "1.1", "1e2", "abc", "1_0", "٣", "2030-01-31T12:00:00Z", "9" * 999),
    DataType.DECIMAL: ("", "true", "1,1", "1e2", "abc", "nan", "inf", "0x1", "1.", ".5", "2030-01-31T12:00:00Z", "9" * 999),
    DataType.DATE_TIME: ("", "true", "1.1", "abc", "2030-01-31", "2030-01-31T12:00:00", "2030-13-31T12:00:00Z", "12:00:00Z"),
    DataType.STRING: (),
    DataType.OPTION_LIST: ("", "true", "1.1", "abc"),
    DataType.SEQUENCE_LIST: ("true", "1.1", "abc", "1;2"),
    DataType.MEMBER_LIST: ("true", "1.1", "abc", f"{MEASURANDS[0]};{MEASURANDS[1]}"),
}
"""Of another type: any text is a text."""


def out_of_range(variable: Variable) -> tuple[str, ...]:
    """Of its type, and beyond its limits."""
    match variable.type:
        case DataType.INTEGER:
            return tuple(f"{number:.0f}" for number in _beyond(variable, 1))
        case DataType.DECIMAL:
            return tuple(f"{number:.1f}" for number in _beyond(variable, 0.1))
        case DataType.STRING:
            return ("x" * (TEXT_MAX if variable.maximum is None else int(variable.maximum)) + "x",)
        case DataType.SEQUENCE_LIST | DataType.MEMBER_LIST:
            return (("", " , ") if variable.minimum else ()) + (f"{variable.items[0]},Nothing",)
        case _:
            return ()


def _beyond(variable: Variable, by: float) -> tuple[float, ...]:
    below = () if variable.minimum is None else (variable.minimum - by,)
    return below if variable.maximum is None else (*below, variable.maximum + by)
