"""Block B, provisioning: BootNotification, what follows it, Reset. Pure."""

from collections.abc import Mapping

from bridge.core.backend import ResetKind, ResetRequested
from bridge.core.effects import Outcome
from bridge.core.state import State
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Nameplate, Outgoing, Passed, Words
from bridge.ocpp.times import as_iso
from bridge.ocpp.v201.refusals import declined
from bridge.ocpp.v201.variable import Variable

VENDOR_MAX, MODEL_MAX, SERIAL_MAX, FIRMWARE_MAX = 50, 20, 25, 50
"""Of ChargingStationType; a longer text is cut, for a name cut short beats a station that can't register."""
FIRST_STARTS = frozenset({"PowerUp", "Unknown"})
"""Boot reasons of a station that was switched on; all others are restarts."""


def boot(nameplate: Nameplate, reason: str) -> Outgoing:
    """BootNotificationRequest; optional fields only where they are known."""
    optional = {"serialNumber": (nameplate.serial, SERIAL_MAX), "firmwareVersion": (nameplate.firmware, FIRMWARE_MAX)}
    station = {"vendorName": nameplate.vendor[:VENDOR_MAX], "model": nameplate.model[:MODEL_MAX]}
    station |= {name: text[:most] for name, (text, most) in optional.items() if text}
    return Outgoing("BootNotification", {"reason": reason, "chargingStation": station})


def greetings(state: State) -> tuple[Outgoing, ...]:
    """SecurityEventNotificationRequest: the station has started."""
    kind = "StartupOfTheDevice" if state.kept.boot_reason in FIRST_STARTS else "ResetOrReboot"
    return (Outgoing("SecurityEventNotification", {"type": kind, "timestamp": as_iso(state.now.utc_ms)}),)


def _reset(payload: JsonObject, context: Context) -> Handled:
    # TC_B_28, TC_B_29: an EVSE alone can't be reset here (its AllowReset is false)
    if "evseId" in payload:
        return declined("UnsupportedParam")
    return Passed(event=ResetRequested(request=context.request, kind=ResetKind(payload["type"]), **context.stamp))


HANDLERS: Mapping[str, Handler] = {"Reset": _reset}
ANSWERS: Mapping[str, Words] = {"Reset": (frozenset({Outcome.ACCEPTED, Outcome.SCHEDULED}), "Rejected")}
VARIABLES: tuple[Variable, ...] = ()
