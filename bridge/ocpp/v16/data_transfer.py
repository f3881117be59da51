"""Words of a vendor's own (OCPP 1.6 §4.3, §5.6 DataTransfer). Pure."""

import json
from collections.abc import Mapping

from bridge.core.backend import VendorMessageReceived
from bridge.core.effects import Outcome
from bridge.ocpp.dialect import Context, Handled, Handler, Json, JsonObject, Passed, Words


def _data_transfer(payload: JsonObject, context: Context) -> Handled:
    data: str | None = payload.get("data")
    event = VendorMessageReceived(
        request=context.request,
        vendor=payload["vendorId"],
        message=payload.get("messageId"),
        data=None if data is None else json.dumps(data),
        **context.stamp,
    )
    return Passed(event=event)


def written(data: str) -> str:
    """A flow's answer as 1.6 carries it: a text as it is, anything else as JSON."""
    value: Json = json.loads(data)
    return value if isinstance(value, str) else data


HANDLERS: Mapping[str, Handler] = {"DataTransfer": _data_transfer}
ANSWERS: Mapping[str, Words] = {
    "DataTransfer": (frozenset({Outcome.ACCEPTED, Outcome.UNKNOWN_MESSAGE, Outcome.UNKNOWN_VENDOR}), "Rejected"),
}
