"""What an OCPP 2.0.1 central system asks: the tables of all blocks in one. Pure."""

from collections.abc import Mapping

from bridge.core.effects import Answer
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Words
from bridge.ocpp.v201 import (
    authorization,
    availability,
    data_transfer,
    device_model,
    diagnostics,
    display,
    firmware,
    local_list,
    metering,
    monitoring,
    network,
    provisioning,
    remote_control,
    reservation,
    smart_charging,
    tariff,
    transactions,
)
from bridge.ocpp.v201.refusals import unknown_action

BLOCKS = (
    provisioning,
    network,
    device_model,
    authorization,
    local_list,
    transactions,
    remote_control,
    availability,
    reservation,
    tariff,
    metering,
    smart_charging,
    firmware,
    diagnostics,
    monitoring,
    display,
    data_transfer,
)
HANDLERS: Mapping[str, Handler] = {action: handler for block in BLOCKS for action, handler in block.HANDLERS.items()}
ANSWERS: Mapping[str, Words] = {action: words for block in BLOCKS for action, words in block.ANSWERS.items()}


def handle(action: str, payload: JsonObject, context: Context) -> Handled:
    """Answer a request whose payload has passed its schema."""
    handler = HANDLERS.get(action)
    return unknown_action(action) if handler is None else handler(payload, context)


def answer(action: str, answer: Answer) -> JsonObject:
    """Spell the core's answer. An outcome that the message has no word for becomes its plain no."""
    words, no = ANSWERS[action]
    told: JsonObject = {"status": answer.outcome.value if answer.outcome in words else no}
    return told if answer.data is None else told | {"data": data_transfer.written(answer.data)}
