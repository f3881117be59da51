"""Charging profiles and composite schedules, as all versions of OCPP write them. Pure."""

from collections.abc import Callable, Mapping

from bridge.core.energy import follows_profiles
from bridge.core.orders import ChargingProfile, ChargingSchedule, ProfileKind, ProfilePurpose, RateUnit, Recurrency, SchedulePeriod
from bridge.core.profiles import composite_schedule, may_begin_with
from bridge.core.schedules import Composite
from bridge.ocpp.dialect import Context, JsonObject
from bridge.ocpp.times import from_iso

NO_TIME = "0001-"
"""How .NET and Go write that there is no time."""


def profile_from(
    payload: JsonObject,
    schedule: JsonObject,
    *,
    id: int,  # noqa: A002 - the profile's own word
    connector: int,
    purpose: ProfilePurpose,
    transaction: str | None,
    told: str = "",
) -> ChargingProfile:
    """A ChargingProfile that has passed its schema; what the versions name differently comes beside it.

    Raises ValueError where a time or a number can't be read: guessing would be charging by another schedule than the one that was sent.
    """
    recurrency = payload.get("recurrencyKind")
    return ChargingProfile(
        id=int(id),
        connector=int(connector),
        purpose=purpose,
        stack_level=int(payload["stackLevel"]),
        kind=ProfileKind(payload["chargingProfileKind"]),
        schedule=_schedule(schedule),
        recurrency=None if recurrency is None else Recurrency(recurrency),
        valid_from_ms=_time(payload, "validFrom"),
        valid_to_ms=_time(payload, "validTo"),
        transaction=transaction,
        told=told,
    )


def start_profile(payload: JsonObject, context: Context, read: Callable[[JsonObject], ChargingProfile]) -> ChargingProfile | None:
    """The profile that comes along with a remote start; None: there is none, or it is ignored (1.6 §5.11, 2.0.1 F01.FR.12).

    Raises ValueError where no transaction can start with it (TC_060), or where it can't be read.
    """
    # 1.6 §5.11: without Smart Charging a chargingProfile "SHOULD be ignored"
    if "chargingProfile" not in payload or not follows_profiles(context.state.rules):
        return None
    profile = read(payload["chargingProfile"])
    if not may_begin_with(profile, context.stamp["at"].utc_ms):
        raise ValueError("a remote start can only bring a sound TxProfile without transactionId")
    return profile


def composite_of(payload: JsonObject, context: Context) -> Composite:
    """The schedule that GetCompositeSchedule asks for, from now on."""
    unit = payload.get("chargingRateUnit")
    return composite_schedule(
        context.state,
        utc_ms=context.stamp["at"].utc_ms,
        duration_s=int(payload["duration"]),
        unit=None if unit is None else RateUnit(unit),
    )


def _schedule(payload: JsonObject) -> ChargingSchedule:
    duration, rate, name = payload.get("duration"), payload.get("minChargingRate"), payload.get("id")
    return ChargingSchedule(
        id=None if name is None else int(name),
        unit=RateUnit(payload["chargingRateUnit"]),
        periods=tuple(map(_period, payload["chargingSchedulePeriod"])),
        start_ms=_time(payload, "startSchedule"),
        duration_s=None if duration is None else int(duration),
        min_rate=None if rate is None else _number(rate),
    )


def _period(payload: JsonObject) -> SchedulePeriod:
    phases = payload.get("numberPhases")
    return SchedulePeriod(
        start_s=int(payload["startPeriod"]),
        limit=_number(payload["limit"]),
        phases=None if phases is None else int(phases),
    )


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError("a number is beyond all measure") from None


def _time(payload: Mapping[str, str], name: str) -> int | None:
    text = payload.get(name)
    if text is None or text.startswith(NO_TIME):
        return None
    utc_ms = from_iso(text)
    if utc_ms is None:
        raise ValueError(f"{name} is no time that can be read")
    return utc_ms


def periods_of(schedule: Composite) -> list[JsonObject]:
    """The chargingSchedulePeriod of a composite schedule."""
    return [
        {"startPeriod": period.start_s, "limit": period.limit, **({} if period.phases is None else {"numberPhases": period.phases})}
        for period in schedule.periods
    ]
