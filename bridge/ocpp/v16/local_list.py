"""The local list (OCPP 1.6 §5.10 GetLocalListVersion, §5.15 SendLocalList). Pure."""

from collections.abc import Mapping

from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Reply, Words


def _version(_: JsonObject, __: Context) -> Handled:
    """§5.10: -1 indicates "that the Charge Point does not support Local Authorization Lists"."""
    return Reply(payload={"listVersion": -1})


def _send(_: JsonObject, __: Context) -> Handled:
    """Not here."""
    return Reply(payload={"status": "NotSupported"})


HANDLERS: Mapping[str, Handler] = {"GetLocalListVersion": _version, "SendLocalList": _send}
ANSWERS: Mapping[str, Words] = {}
