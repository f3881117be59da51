"""Block P, words of a vendor's own: DataTransfer. Pure."""

import json
from collections.abc import Mapping

from bridge.core.backend import VendorMessageReceived
from bridge.core.effects import Outcome
from bridge.ocpp.dialect import Context, Handled, Handler, Json, JsonObject, Passed, Words
from bridge.ocpp.v201.variable import Variable


def _data_transfer(payload: JsonObject, context: Context) -> Handled:
    event = VendorMessageReceived(
        request=context.request,
        vendor=payload["vendorId"],
        message=payload.get("messageId"),
        data=json.dumps(payload["data"]) if "data" in payload else None,
        **context.stamp,
    )
    return Passed(event=event)


def written(data: str) -> Json:
    """A flow's answer, any JSON."""
    value: Json = json.loads(data)
    return value


HANDLERS: Mapping[str, Handler] = {"DataTransfer": _data_transfer}
ANSWERS: Mapping[str, Words] = {
    "DataTransfer": (frozenset({Outcome.ACCEPTED, Outcome.UNKNOWN_MESSAGE, Outcome.UNKNOWN_VENDOR}), "Rejected"),
}
VARIABLES: tuple[Variable, ...] = ()
