"""Block K, smart charging: SetChargingProfile, GetChargingProfiles, ClearChargingProfile, GetCompositeSchedule. Pure."""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import TypeAlias

from bridge.core.backend import ProfilesCleared, ProfileSent
from bridge.core.effects import Outcome
from bridge.core.energy import allowance_on_site, follows_profiles
from bridge.core.orders import ChargingProfile, ProfileFilter, ProfileKind, ProfilePurpose, RateUnit
from bridge.core.profiles import is_sound
from bridge.core.schedules import told as in_tenths
from bridge.core.state import State
from bridge.core.values import LimitBy
from bridge.ocpp import charging
from bridge.ocpp.charging import periods_of, profile_from
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Outgoing, Passed, Reply, Words
from bridge.ocpp.times import as_iso
from bridge.ocpp.v201.evse import EVSE, STATION
from bridge.ocpp.v201.refusals import declined, unknown_action
from bridge.ocpp.v201.variable import Variable

_PURPOSES: Mapping[str, ProfilePurpose] = {
    "ChargingStationMaxProfile": ProfilePurpose.STATION_MAX,
    "TxDefaultProfile": ProfilePurpose.TX_DEFAULT,
    "TxProfile": ProfilePurpose.TX,
    "ChargingStationExternalConstraints": ProfilePurpose.EXTERNAL,
}
PART_MAX = 5
"""Profiles in one ReportChargingProfiles: at 20 000 characters each a frame that every central system takes."""
_BACKEND, _ON_SITE = "CSO", "EMS"
"""Where limits come from (ChargingLimitSource)."""
EXTERNAL_ID = -1
"""Of the limit of energy management in reports: a number that no central system gives."""
_Found: TypeAlias = tuple[int, str, JsonObject]
"""EVSE, source and profile."""


def profile_of(payload: JsonObject, evse: int) -> ChargingProfile:
    """A ChargingProfile. Raises ValueError where a time or a number in it can't be read."""
    return profile_from(
        payload,
        # only a vehicle that speaks ISO 15118 could choose among up to three: without one the first is meant
        payload["chargingSchedule"][0],
        id=payload["id"],
        connector=evse,
        purpose=_PURPOSES[payload["chargingProfilePurpose"]],
        transaction=payload.get("transactionId"),
        told=json.dumps(payload),
    )


def start_profile(payload: JsonObject, context: Context) -> ChargingProfile | None:
    """The profile that comes along with a remote start; None: there is none, or it is ignored. Raises ValueError for a bad one."""
    return charging.start_profile(payload, context, lambda sent: profile_of(sent, EVSE))


def _where_on(action: str, handler: Handler) -> Handler:
    """A station without smart charging has no such action (TC_K_15)."""

    @functools.wraps(handler)
    def handle(payload: JsonObject, context: Context) -> Handled:
        return handler(payload, context) if follows_profiles(context.state.rules) else unknown_action(action)

    return handle


# --- K01: set ---------------------------------------------------------------------------------------------------------------------


def _set(payload: JsonObject, context: Context) -> Handled:
    if payload["evseId"] not in {STATION, EVSE}:
        return declined("UnknownEvse")
    try:
        profile = profile_of(payload["chargingProfile"], payload["evseId"])
    except ValueError:
        return declined("InvalidValue")
    # K01.FR.03: a TxProfile names its transaction
    if profile.purpose is ProfilePurpose.TX and profile.transaction is None:
        return declined("MissingParam")
    # K01.FR.38: there is no beginning that the station's maximum could count from
    relative = profile.purpose is ProfilePurpose.STATION_MAX and profile.kind is ProfileKind.RELATIVE
    if relative or not is_sound(profile, context.stamp["at"].utc_ms):
        return declined("InvalidProfile")
    return Passed(event=ProfileSent(request=context.request, profile=profile, **context.stamp))


# --- K09: get and report ----------------------------------------------------------------------------------------------------------


def _get(payload: JsonObject, context: Context) -> Handled:
    found = sorted(_found(payload, context), key=lambda one: one[:2])
    if not found:
        return Reply(payload={"status": "NoProfiles"})
    parts = list(_parts(found))
    told = [
        Outgoing("ReportChargingProfiles", {"requestId": payload["requestId"], **part, **({"tbc": True} if part is not parts[-1] else {})})
        for part in parts
    ]
    return Reply(payload={"status": "Accepted"}, messages=tuple(told))


def _parts(found: Iterable[_Found]) -> Iterator[JsonObject]:
    """A message is about one EVSE and one source."""
    for (evse, source), group in groupby(found, key=lambda one: one[:2]):
        profiles = [profile for _, _, profile in group]
        for first in range(0, len(profiles), PART_MAX):
            yield {"chargingLimitSource": source, "evseId": evse, "chargingProfile": profiles[first : first + PART_MAX]}


def _found(payload: JsonObject, context: Context) -> Iterator[_Found]:
    """Everything that fits all that is told of it."""
    wanted = payload["chargingProfile"]
    for evse, source, profile in _reported(context.state, context.stamp["at"].utc_ms):
        if (
            payload.get("evseId", evse) == evse
            and profile["id"] in wanted.get("chargingProfileId", [profile["id"]])
            and source in wanted.get("chargingLimitSource", [source])
            and all(wanted.get(name, profile[name]) == profile[name] for name in ("chargingProfilePurpose", "stackLevel"))
        ):
            yield evse, source, profile


def _reported(state: State, utc_ms: int) -> Iterator[_Found]:
    for profile in state.kept.profiles:
        told: JsonObject = json.loads(profile.told) if profile.told else _spelt(profile)
        # one that came along with a start did not know the transaction it is for (F01.FR.11)
        if profile.purpose is ProfilePurpose.TX:
            told |= {"transactionId": profile.transaction}
        yield profile.connector, _BACKEND, told
    left = allowance_on_site(state)
    if left.by is LimitBy.EMS:
        limit = in_tenths(left.limit_a if left.allowed else 0.0, RateUnit.AMPERES, state.rules)
        yield STATION, _ON_SITE, _external(limit, utc_ms)


def _spelt(profile: ChargingProfile) -> JsonObject:
    """One that came by another version of OCPP, in the words of this one."""
    schedule = profile.schedule
    periods = [{"startPeriod": period.start_s, "limit": period.limit} for period in schedule.periods]
    purpose = next(name for name, purpose in _PURPOSES.items() if purpose is profile.purpose)
    told = {
        "id": profile.id,
        "stackLevel": profile.stack_level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": profile.kind.value,
        "recurrencyKind": None if profile.recurrency is None else profile.recurrency.value,
        "validFrom": None if profile.valid_from_ms is None else as_iso(profile.valid_from_ms),
        "validTo": None if profile.valid_to_ms is None else as_iso(profile.valid_to_ms),
    }
    inner = {
        "id": schedule.id or 0,
        "startSchedule": None if schedule.start_ms is None else as_iso(schedule.start_ms),
        "duration": schedule.duration_s,
        "chargingRateUnit": schedule.unit.value,
        "chargingSchedulePeriod": periods,
        "minChargingRate": schedule.min_rate,
    }
    return _without_none(told) | {"chargingSchedule": [_without_none(inner)]}


def _without_none(told: JsonObject) -> JsonObject:
    return {name: value for name, value in told.items() if value is not None}


def _external(limit: float, utc_ms: int) -> JsonObject:
    """What energy management leaves now, as the constraint that it is: the central system can see it, not change it."""
    schedule = {"id": 0, "startSchedule": as_iso(utc_ms), "chargingRateUnit": RateUnit.AMPERES.value}
    return {
        "id": EXTERNAL_ID,
        "stackLevel": 0,
        "chargingProfilePurpose": "ChargingStationExternalConstraints",
        "chargingProfileKind": ProfileKind.ABSOLUTE.value,
        "chargingSchedule": [schedule | {"chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}],
    }


# --- K10: clear, K08: composite schedule ------------------------------------------------------------------------------------------


def _clear(payload: JsonObject, context: Context) -> Handled:
    criteria = payload.get("chargingProfileCriteria", {})
    purpose = criteria.get("chargingProfilePurpose")
    which = ProfileFilter(
        id=payload.get("chargingProfileId"),
        connector=criteria.get("evseId"),
        purpose=None if purpose is None else _PURPOSES[purpose],
        stack_level=criteria.get("stackLevel"),
    )
    return Passed(event=ProfilesCleared(request=context.request, which=which, **context.stamp))


def _composite(payload: JsonObject, context: Context) -> Handled:
    evse = payload["evseId"]
    if evse not in {STATION, EVSE}:
        return declined("UnknownEvse")
    if payload["duration"] < 0:
        return declined("InvalidValue")
    schedule = charging.composite_of(payload, context)
    told = {
        "evseId": evse,
        "duration": schedule.duration_s,
        "scheduleStart": as_iso(schedule.start_ms),
        "chargingRateUnit": schedule.unit.value,
        "chargingSchedulePeriod": periods_of(schedule),
    }
    return Reply(payload={"status": "Accepted", "schedule": told})


_BY_ACTION: Mapping[str, Handler] = {
    "SetChargingProfile": _set,
    "GetChargingProfiles": _get,
    "ClearChargingProfile": _clear,
    "GetCompositeSchedule": _composite,
}
HANDLERS: Mapping[str, Handler] = {action: _where_on(action, handler) for action, handler in _BY_ACTION.items()}
ANSWERS: Mapping[str, Words] = {
    "SetChargingProfile": (frozenset({Outcome.ACCEPTED}), "Rejected"),
    "ClearChargingProfile": (frozenset({Outcome.ACCEPTED}), "Unknown"),
}
VARIABLES: tuple[Variable, ...] = ()
"""SmartChargingCtrlr is in the inventory."""
