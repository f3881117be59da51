"""Block I, costs."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from bridge.core.backend import CostTold
from bridge.core.settings import Ability
from bridge.core.state import State
from bridge.ocpp.dialect import Reply
from bridge.ocpp.v201.tariff import VARIABLES
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import payloads
from tests.ocpp.v201.desk import handled
from tests.ocpp.worlds import STAMP, asked, charge_point


def _with_display() -> State:
    state = charge_point()
    return replace(state, rules=replace(state.rules, can=frozenset({Ability.DISPLAY}), currency="CHF"))


@pytest.mark.requirement("2.0.1 TC_I_01_CS")
@pytest.mark.parametrize("cost", [0, 1.25, -3])
def test_the_cost_is_passed_on_and_the_answer_is_empty(cost: float) -> None:
    event = CostTold(backend_id="session-1", cost=cost, **STAMP)
    assert handled("CostUpdated", {"totalCost": cost, "transactionId": "session-1"}) == Reply(payload={}, event=event)


@given(payloads("CostUpdated", Kind.REQUEST, Version.V201))
def test_whatever_is_told_gets_an_answer(payload: dict[str, Any]) -> None:
    assert isinstance(handled("CostUpdated", payload), Reply)


def test_only_a_station_with_a_display_claims_to_show_costs() -> None:
    assert not any(variable.available(charge_point()) for variable in VARIABLES)
    state = _with_display()
    assert all(variable.available(state) for variable in VARIABLES)
    told = {variable.title: variable.text(asked(state)) for variable in VARIABLES}
    assert told == {
        "TariffCostCtrlr.Available[Cost]": "true",
        "TariffCostCtrlr.Enabled[Cost]": "true",
        "TariffCostCtrlr.Currency": "CHF",
        "TariffCostCtrlr.TariffFallbackMessage": "",
        "TariffCostCtrlr.TotalCostFallbackMessage": "",
    }
