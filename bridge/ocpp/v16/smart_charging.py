"""Smart charging (OCPP 1.6 §5.4 ClearChargingProfile, §5.7 GetCompositeSchedule, §5.16 SetChargingProfile). Pure."""

from collections.abc import Mapping

from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Reply, Words


def _set(_: JsonObject, __: Context) -> Handled:
    """Deviates: errata 3.39 wants CALLERROR NotSupported; the message's own says the same, and central systems show it (B14)."""
    return Reply(payload={"status": "NotSupported"})


HANDLERS: Mapping[str, Handler] = {"SetChargingProfile": _set}
ANSWERS: Mapping[str, Words] = {}
