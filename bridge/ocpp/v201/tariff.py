"""Block I, tariff and cost: CostUpdated. Pure."""

from collections.abc import Mapping

from bridge.core.backend import CostTold
from bridge.core.settings import Ability
from bridge.core.state import State
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Reply, Words
from bridge.ocpp.v201.variable import DataType, Mutability, Variable

FALLBACK_MAX = 255
"""What a display of one line can still run through."""


def _cost_updated(payload: JsonObject, context: Context) -> Handled:
    """I02: the answer is empty, whether or not that transaction is still there."""
    event = CostTold(backend_id=payload["transactionId"], cost=payload["totalCost"], **context.stamp)
    return Reply(payload={}, event=event)


def _has_display(state: State) -> bool:
    return Ability.DISPLAY in state.rules.can


HANDLERS: Mapping[str, Handler] = {"CostUpdated": _cost_updated}
ANSWERS: Mapping[str, Words] = {}
VARIABLES: tuple[Variable, ...] = (
    Variable(
        component="TariffCostCtrlr",
        name="Available",
        instance="Cost",
        type=DataType.BOOLEAN,
        value=lambda _context: "true",
        available=_has_display,
        doc="The cost of a transaction is shown.",
    ),
    Variable(
        component="TariffCostCtrlr",
        name="Enabled",
        instance="Cost",
        type=DataType.BOOLEAN,
        value=lambda _context: "true",
        available=_has_display,
        doc="It is shown as soon as it is told.",
    ),
    Variable(
        component="TariffCostCtrlr",
        name="Currency",
        type=DataType.STRING,
        value=lambda context: context.state.rules.currency,
        available=_has_display,
        doc="As configured.",
    ),
    Variable(
        component="TariffCostCtrlr",
        name="TariffFallbackMessage",
        type=DataType.STRING,
        field="tariff_fallback",
        mutability=Mutability.READ_WRITE,
        maximum=FALLBACK_MAX,
        available=_has_display,
        doc="What a display tells of the price where the central system has said nothing.",
    ),
    Variable(
        component="TariffCostCtrlr",
        name="TotalCostFallbackMessage",
        type=DataType.STRING,
        field="cost_fallback",
        mutability=Mutability.READ_WRITE,
        maximum=FALLBACK_MAX,
        available=_has_display,
        doc="What it tells of the cost where the central system could not be asked.",
    ),
)
