"""Smart charging (OCPP 1.6 §5.5 ClearChargingProfile, §5.7 GetCompositeSchedule, §5.16 SetChargingProfile). Pure."""

from collections.abc import Mapping

from bridge.core.backend import ProfilesCleared, ProfileSent
from bridge.core.effects import Outcome
from bridge.core.energy import follows_profiles
from bridge.core.orders import ChargingProfile, ProfileFilter, ProfilePurpose
from bridge.ocpp import charging
from bridge.ocpp.charging import periods_of, profile_from
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Passed, Reply, Words
from bridge.ocpp.times import as_iso
from bridge.ocpp.v16.records import CONNECTOR, STATION
from bridge.ocpp.v16.refusals import unknown_action

_PURPOSES: Mapping[str, ProfilePurpose] = {
    "ChargePointMaxProfile": ProfilePurpose.STATION_MAX,
    "TxDefaultProfile": ProfilePurpose.TX_DEFAULT,
    "TxProfile": ProfilePurpose.TX,
}


def profile_of(payload: JsonObject, connector: int) -> ChargingProfile:
    """A ChargingProfile. Raises ValueError where a time or a number in it can't be read."""
    transaction = payload.get("transactionId")
    return profile_from(
        payload,
        payload["chargingSchedule"],
        id=payload["chargingProfileId"],
        connector=connector,
        purpose=_PURPOSES[payload["chargingProfilePurpose"]],
        transaction=None if transaction is None else str(int(transaction)),
    )


def start_profile(payload: JsonObject, context: Context) -> ChargingProfile | None:
    """The profile that comes along with a remote start; None: there is none, or it is ignored. Raises ValueError for a bad one."""
    return charging.start_profile(payload, context, lambda sent: profile_of(sent, CONNECTOR))


def _set(payload: JsonObject, context: Context) -> Handled:
    """Deviates: errata 3.39 wants CALLERROR NotSupported; the message's own says the same, and central systems show it (B14)."""
    if not follows_profiles(context.state.rules):
        return Reply(payload={"status": "NotSupported"})
    try:
        profile = profile_of(payload["csChargingProfiles"], payload["connectorId"])
    except ValueError:
        return Reply(payload={"status": "Rejected"})
    return Passed(event=ProfileSent(request=context.request, profile=profile, **context.stamp))


def _clear(payload: JsonObject, context: Context) -> Handled:
    if not follows_profiles(context.state.rules):
        return unknown_action("ClearChargingProfile")
    purpose = payload.get("chargingProfilePurpose")
    which = ProfileFilter(
        id=payload.get("id"),
        connector=payload.get("connectorId"),
        purpose=None if purpose is None else _PURPOSES[purpose],
        stack_level=payload.get("stackLevel"),
    )
    return Passed(event=ProfilesCleared(request=context.request, which=which, **context.stamp))


def _composite(payload: JsonObject, context: Context) -> Handled:
    if not follows_profiles(context.state.rules):
        return unknown_action("GetCompositeSchedule")
    connector = payload["connectorId"]
    if connector not in {STATION, CONNECTOR} or payload["duration"] < 0:
        return Reply(payload={"status": "Rejected"})
    schedule = charging.composite_of(payload, context)
    start = as_iso(schedule.start_ms)
    told = {
        "duration": schedule.duration_s,
        "startSchedule": start,
        "chargingRateUnit": schedule.unit.value,
        "chargingSchedulePeriod": periods_of(schedule),
    }
    return Reply(payload={"status": "Accepted", "connectorId": connector, "scheduleStart": start, "chargingSchedule": told})


HANDLERS: Mapping[str, Handler] = {"SetChargingProfile": _set, "ClearChargingProfile": _clear, "GetCompositeSchedule": _composite}
ANSWERS: Mapping[str, Words] = {
    "SetChargingProfile": (frozenset({Outcome.ACCEPTED, Outcome.REJECTED, Outcome.NOT_SUPPORTED}), "Rejected"),
    "ClearChargingProfile": (frozenset({Outcome.ACCEPTED, Outcome.UNKNOWN}), "Unknown"),
}
