"""Words of a vendor's own (OCPP 1.6 §4.3 DataTransfer). Pure."""

from collections.abc import Mapping

from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Reply, Words


def _data_transfer(_: JsonObject, __: Context) -> Handled:
    """Nobody here knows any vendor."""
    return Reply(payload={"status": "UnknownVendorId"})


HANDLERS: Mapping[str, Handler] = {"DataTransfer": _data_transfer}
ANSWERS: Mapping[str, Words] = {}
