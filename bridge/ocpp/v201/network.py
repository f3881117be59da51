"""Block B, network profiles: SetNetworkProfile (B09). Where a link goes with them is `bridge.ocpp.roads`. Pure."""

from collections.abc import Mapping

from bridge.core.backend import NoteRequested
from bridge.core.effects import Outcome
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Passed, Words
from bridge.ocpp.networks import HOME, NOTE, SLOTS, Profile, read, refusal, written
from bridge.ocpp.v201.refusals import declined
from bridge.ocpp.v201.variable import Variable

PROTOCOLS: Mapping[str, str] = {"OCPP16": "ocpp1.6", "OCPP20": "ocpp2.0.1"}
"""The sub-protocol of an OCPPVersionEnumType. There is none of 1.2 and 1.5, and 2.0 was withdrawn in favour of 2.0.1."""


def _set_network_profile(payload: JsonObject, context: Context) -> Handled:
    slot: int = payload["configurationSlot"]
    data: JsonObject = payload["connectionData"]
    # slot 1 is the configuration's: the way back must not be lost
    if not HOME < slot <= SLOTS:
        return declined("InvalidConfSlot")
    # a modem or a VPN is the host's own matter; without the one that is asked for, the road would be another than was meant
    if "apn" in data or "vpn" in data or data["ocppTransport"] != "JSON":
        return declined("UnsupportedParam")
    profile = Profile(
        url=data["ocppCsmsUrl"],
        protocol=PROTOCOLS.get(data["ocppVersion"], ""),
        security=data["securityProfile"],
        timeout_s=data["messageTimeout"],
    )
    reason = refusal(profile, context.network)
    if reason is not None:
        return declined(reason)
    text = written({**read(context.state.kept.notes), slot: profile})
    return Passed(event=NoteRequested(request=context.request, name=NOTE, text=text, **context.stamp))


HANDLERS: Mapping[str, Handler] = {"SetNetworkProfile": _set_network_profile}
ANSWERS: Mapping[str, Words] = {"SetNetworkProfile": (frozenset({Outcome.ACCEPTED}), "Rejected")}
VARIABLES: tuple[Variable, ...] = ()
"""They stand with those of the communication."""
