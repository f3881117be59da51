"""Where things are: one station (EVSE 0), its EVSE 1, and the one connector of that. Pure."""

from bridge.ocpp.dialect import JsonObject

STATION = 0
EVSE = 1
CONNECTOR = 1


def here() -> JsonObject:
    """The only place there is, as an EVSEType."""
    return {"id": EVSE, "connectorId": CONNECTOR}


def stranger(evse: JsonObject | None) -> str | None:
    """The reason code for an EVSEType that means nothing here; None: it means the EVSE or its connector, or (absent) all there is."""
    if evse is None:
        return None
    if evse["id"] != EVSE:
        return "UnknownEvse"
    return None if evse.get("connectorId", CONNECTOR) == CONNECTOR else "UnknownConnectorId"
