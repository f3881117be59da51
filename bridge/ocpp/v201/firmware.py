"""Block L, firmware: UpdateFirmware; how it goes is told in `notices`. Pure.

The bridge looks at no signature: certificate and signature go to the hardware, which checks what it has fetched (L01.FR.04) and tells
InvalidSignature. An update without them is the non-secure one of L02, and just as much the hardware's to refuse.
"""

from collections.abc import Mapping

from bridge.core.backend import FirmwareRequested
from bridge.core.effects import Outcome
from bridge.core.orders import FirmwareJob
from bridge.core.settings import Ability
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Passed, Words
from bridge.ocpp.times import from_iso
from bridge.ocpp.transfers import may_reach, retries, retry_s
from bridge.ocpp.v201.refusals import declined, unknown_action
from bridge.ocpp.v201.variable import Variable


def _update(payload: JsonObject, context: Context) -> Handled:
    if Ability.FIRMWARE not in context.state.rules.can:
        return unknown_action("UpdateFirmware")
    firmware = payload["firmware"]
    certificate, signature = firmware.get("signingCertificate"), firmware.get("signature")
    if not may_reach(context.state, firmware["location"]):
        return declined("InvalidURL")
    if (certificate is None) is not (signature is None):
        return declined("MissingParam")
    job = FirmwareJob(
        id=payload["requestId"],
        location=firmware["location"],
        retrieve_ms=from_iso(firmware["retrieveDateTime"]),
        install_ms=from_iso(firmware.get("installDateTime")),
        retries=retries(payload.get("retries")),
        retry_s=retry_s(payload.get("retryInterval")),
        certificate=certificate,
        signature=signature,
    )
    return Passed(event=FirmwareRequested(request=context.request, job=job, **context.stamp))


HANDLERS: Mapping[str, Handler] = {"UpdateFirmware": _update}
ANSWERS: Mapping[str, Words] = {"UpdateFirmware": (frozenset({Outcome.ACCEPTED, Outcome.REJECTED, Outcome.CANCELED}), "Rejected")}
VARIABLES: tuple[Variable, ...] = ()
