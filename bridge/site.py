"""The site: who is who and what belongs to what. Turns messages into events of the right charge point; decides nothing itself.

One reader may serve several wallboxes and one wallbox has one meter; users come from the configuration and from topics.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, assert_never

from bridge.clock import BUILT_MS, Clock
from bridge.config.values import Configuration
from bridge.core.alerts import AlertId
from bridge.core.effects import Decision
from bridge.core.events import (
    CommandAnswered,
    Door,
    EnergyManaged,
    FirmwareReported,
    GrantMoved,
    GrantWithdrawn,
    MeterReported,
    Origin,
    PriceChanged,
    StopPressed,
    TagPresented,
    VendorMessageAnswered,
    WallboxReported,
)
from bridge.core.identity import Directory, User, directory, person_of_tag, person_of_user
from bridge.core.site import LastTap, choose, is_repeat, is_stale, neighbour_grant
from bridge.core.state import Granted, State
from bridge.core.values import (
    Authority,
    ChargePointId,
    Colour,
    IdTag,
    Mode,
    Person,
    ReaderId,
    TagInfo,
    UserId,
    Why,
)
from bridge.mqtt.messages import (
    AppMessage,
    CommandResult,
    EnergyMessage,
    FirmwareMessage,
    Message,
    MeterMessage,
    Press,
    PriceMessage,
    RequestMessage,
    SyncMessage,
    TapMessage,
    TransferAnswer,
    UserMessage,
    WallboxMessage,
)
from bridge.runtime import Runtime

USERS_MAX = 10_000
"""People of a large site several times over; more is a flood of invented ids."""
READERS_REMEMBERED_MAX = 10_000
"""Readers and users whose last tap is remembered for two seconds."""


class Notices(Protocol):
    """Where the site tells what concerns no single charge point."""

    def refused(self, decision: Decision) -> None:
        """A decision that no charge point made."""

    def alert(self, alert: AlertId, text: str, *, passing: bool = True) -> None:
        """Tell a person; a passing alert clears by itself."""

    def clear(self, alert: AlertId) -> None:
        """Solved."""


class Site:
    """Dispatches what comes from MQTT."""

    def __init__(self, *, configuration: Configuration, clock: Clock, runtimes: Mapping[ChargePointId, Runtime], notices: Notices) -> None:
        """`runtimes` may still be filled while the site is built."""
        self._configuration = configuration
        self._clock = clock
        self._runtimes = runtimes
        self._notices = notices
        self._wallboxes = {one.wallbox: one.id for one in configuration.charge_points.values()}
        self._meters: dict[str, list[ChargePointId]] = {}
        for one in configuration.charge_points.values():
            self._meters.setdefault(one.meter, []).append(one.id)
        self._sharing: Mapping[ChargePointId, frozenset[ReaderId]] = {
            one: frozenset(configuration.charge_points[one].readers)
            for reader in configuration.readers.values()
            if len(reader.charge_points) > 1
            for one in reader.charge_points
        }
        """Charge points that share a reader with others, and all readers of each."""
        self._published: dict[UserId, User] = {}
        self._directory: Directory | None = None
        self._last_taps: dict[str, LastTap] = {}

    # --- people -------------------------------------------------------------------------------------------------------------------

    @property
    def people(self) -> Directory:
        """Everybody, built anew after a change."""
        if self._directory is None:
            self._directory = directory(self._configuration.users.values(), self._published.values())
            self._tell_duplicates(self._directory)
        return self._directory

    def _tell_duplicates(self, people: Directory) -> None:
        if people.duplicates:
            said = "; ".join(f"{one.holder} and {one.other}" for one in people.duplicates)
            self._notices.alert(AlertId.DUPLICATE_TAG, f"one card or tag is claimed twice, the first keeps it: {said}", passing=False)
        else:
            self._notices.clear(AlertId.DUPLICATE_TAG)

    def person(self, tag: IdTag, charge_point: ChargePointId) -> Person:
        """Who holds a card at that charge point."""
        return person_of_tag(self.people, tag, charge_point)

    def _user(self, message: UserMessage) -> None:
        profile = message.profile
        if profile is None:
            self._published.pop(message.user, None)
        elif message.user not in self._published and len(self._published) >= USERS_MAX:
            text = f"more than {USERS_MAX} users on topics; {message.user} is ignored: remove retained users/… topics nobody needs"
            self._notices.alert(AlertId.TOO_MANY_USERS, text)
            return
        else:
            self._published[message.user] = User(
                id=message.user,
                name=profile.name,
                tag=profile.tag,
                cards=profile.cards,
                everywhere=profile.local and profile.charge_points is None,
                charge_points=frozenset(map(ChargePointId, profile.charge_points or ())) if profile.local else frozenset(),
                mode=profile.mode,
            )
        self._directory = None

    # --- dispatch -----------------------------------------------------------------------------------------------------------------

    def told(self, message: Message) -> None:
        """Hand a message to the charge points it is about."""
        match message:
            case WallboxMessage():
                self._wallbox(message)
            case MeterMessage():
                self._meter(message)
            case TapMessage():
                self._tap(message)
            case AppMessage():
                self._app(message)
            case EnergyMessage():
                self._energy(message)
            case PriceMessage():
                self._price(message)
            case UserMessage():
                self._user(message)
            case CommandResult():
                self._result(message)
            case FirmwareMessage():
                self._firmware(message)
            case TransferAnswer():
                self._transfer_answer(message)
            case RequestMessage() | SyncMessage():
                pass  # the desk's and the broker's
            case _:
                assert_never(message)

    def _wallbox(self, message: WallboxMessage) -> None:
        charge_point = self._wallboxes.get(message.wallbox)
        if charge_point is None:
            self._unknown("wallbox", message.wallbox)
            return
        runtime = self._runtimes[charge_point]
        event = WallboxReported(
            **self._clock.stamp(),
            live=message.live,
            plugged=message.plugged,
            charging=message.charging,
            cp_state=message.cp_state,
            plug=message.plug,
            fault=message.fault,
            online=message.online,
        )
        runtime.handle(event)
        if charge_point in self._sharing:
            self._move_grant(runtime)

    def _move_grant(self, runtime: Runtime) -> None:
        """Whoever tapped a shared reader first may plug in anywhere it serves."""
        others = [one.state for one in self._runtimes.values() if one is not runtime]
        giver = neighbour_grant(runtime.state, others, lambda state: self._sharing[state.rules.charge_point])
        if giver is None or not isinstance(giver.pending, Granted):
            return
        granted = giver.pending
        self._runtimes[giver.rules.charge_point].handle(GrantWithdrawn(**self._clock.stamp()))
        runtime.handle(
            GrantMoved(
                **self._clock.stamp(),
                person=granted.person,
                mode=granted.mode,
                authority_local=granted.local,
                group=granted.group,
            )
        )

    def _meter(self, message: MeterMessage) -> None:
        charge_points = self._meters.get(message.meter)
        if charge_points is None:
            self._unknown("meter", message.meter)
            return
        for charge_point in charge_points:
            event = MeterReported(
                **self._clock.stamp(),
                live=message.live,
                # a meter may have lost the time as well
                taken_ms=message.taken_ms if message.taken_ms is not None and message.taken_ms >= BUILT_MS else None,
                register_wh=message.register_wh,
                power_w=message.power_w,
                current_a=message.current_a,
                voltage_v=message.voltage_v,
                phase_current_a=message.phase_current_a,
                phase_voltage_v=message.phase_voltage_v,
                soc_percent=message.soc_percent,
                signed=message.signed,
            )
            self._runtimes[charge_point].handle(event)

    def _result(self, message: CommandResult) -> None:
        charge_point = self._wallboxes.get(message.wallbox)
        if charge_point is None:
            self._unknown("wallbox", message.wallbox)
            return
        event = CommandAnswered(
            **self._clock.stamp(),
            command=message.command,
            ok=message.ok,
            supported=message.supported,
            reason=message.reason,
        )
        self._runtimes[charge_point].handle(event)

    def _firmware(self, message: FirmwareMessage) -> None:
        charge_point = self._wallboxes.get(message.wallbox)
        if charge_point is None:
            self._unknown("wallbox", message.wallbox)
            return
        event = FirmwareReported(**self._clock.stamp(), status=message.status, live=message.live)
        self._runtimes[charge_point].handle(event)

    def _energy(self, message: EnergyMessage) -> None:
        for runtime in self._meant(message.charge_point):
            event = EnergyManaged(
                **self._clock.stamp(),
                source=message.source,
                everywhere=message.charge_point is None,
                allow=message.allow,
                limit_w=message.limit_w,
                limit_a=message.limit_a,
                reason=message.reason,
            )
            runtime.handle(event)

    def _price(self, message: PriceMessage) -> None:
        for runtime in self._meant(message.charge_point):
            event = PriceChanged(**self._clock.stamp(), everywhere=message.charge_point is None, per_kwh=message.per_kwh)
            runtime.handle(event)

    def _transfer_answer(self, message: TransferAnswer) -> None:
        for runtime in self._meant(message.charge_point):
            stamp = self._clock.stamp()
            runtime.handle(VendorMessageAnswered(**stamp, request=message.request, reply=message.reply, data=message.data))

    def _meant(self, charge_point: str | None) -> tuple[Runtime, ...]:
        if charge_point is None:
            return tuple(self._runtimes.values())
        runtime = self._runtimes.get(ChargePointId(charge_point))
        if runtime is None:
            self._unknown("charge point", charge_point)
            return ()
        return (runtime,)

    def _unknown(self, what: str, name: str) -> None:
        self._notices.alert(AlertId.UNKNOWN_ID, f"nothing is configured for the {what} '{name}' that speaks on MQTT")

    # --- taps and buttons ---------------------------------------------------------------------------------------------------------

    def _tap(self, message: TapMessage) -> None:
        reader = self._configuration.readers.get(message.reader)
        stamp = self._clock.stamp()
        tap = LastTap(id=message.id, key=message.tag.key, at_s=stamp["at"].mono_s)
        if self._is_repeat(f"reader/{message.reader}", tap):
            return
        origin = Origin(door=Door.READER, id=message.id or stamp["fresh"], reader=message.reader)
        holder = Person(tag=message.tag, card=message.tag.key)
        if reader is None:
            self._unknown("reader", message.reader)
            self._refuse(origin, holder, Why.NO_CHARGE_POINT)
            return
        if self._is_stale(message.taken_ms, f"reader '{message.reader}'"):
            self._refuse(origin, holder, Why.STALE)
            return
        states = [self._runtimes[one].state for one in reader.charge_points]
        named = None if message.charge_point is None else ChargePointId(message.charge_point)
        chosen = choose(states, self._person_at(message.tag), named)
        if isinstance(chosen, Why):
            self._refuse(origin, holder, chosen)
            return
        runtime = self._runtimes[chosen]
        self._present(runtime, origin, self.person(message.tag, chosen), message.mode or reader.mode, start_only=False)

    def _person_at(self, tag: IdTag) -> Callable[[State], Person]:
        return lambda state: self.person(tag, state.rules.charge_point)

    def _app(self, message: AppMessage) -> None:
        stamp = self._clock.stamp()
        tap = LastTap(id=message.id, key=f"{message.press}/{message.charge_point}", at_s=stamp["at"].mono_s)
        if self._is_repeat(f"user/{message.user}", tap):
            return
        origin = Origin(door=Door.APP, id=message.id or stamp["fresh"], user=message.user)
        nobody = Person(user=message.user)
        if self._is_stale(message.taken_ms, f"the app of '{message.user}'"):
            self._refuse(origin, nobody, Why.STALE)
            return
        charge_point = ChargePointId(message.charge_point)
        runtime = self._runtimes.get(charge_point)
        if runtime is None:
            self._refuse(origin, nobody, Why.UNKNOWN_CHARGE_POINT)
            return
        if message.press is Press.STOP:
            runtime.handle(StopPressed(**self._clock.stamp(), origin=origin, user=message.user))
            return
        person = person_of_user(self.people, message.user, charge_point)
        if person is None:
            self._refuse(origin, nobody, Why.UNKNOWN_USER)
            return
        self._present(runtime, origin, person, message.mode, start_only=True)

    def _present(self, runtime: Runtime, origin: Origin, person: Person, mode: Mode | None, *, start_only: bool) -> None:
        self._notices.clear(AlertId.STALE_TAP)
        known: TagInfo | None = None if person.tag is None else runtime.known_tag(person.tag)
        event = TagPresented(**self._clock.stamp(), origin=origin, person=person, mode=mode, known=known, start_only=start_only)
        runtime.handle(event)

    def _is_repeat(self, door: str, tap: LastTap) -> bool:
        if is_repeat(self._last_taps.get(door), tap):
            return True
        if len(self._last_taps) >= READERS_REMEMBERED_MAX:
            self._last_taps.clear()
        self._last_taps[door] = tap
        return False

    def _is_stale(self, taken_ms: int | None, whose: str) -> bool:
        now_ms = self._clock.utc_ms()
        if taken_ms is None or not is_stale(taken_ms, now_ms):
            return False
        seconds = (now_ms - taken_ms) / 1000
        text = (
            f"a tap of {whose} came {seconds:.0f} s late by its own clock; it was stored on the way, or its clock is wrong: check NTP there"
        )
        self._notices.alert(AlertId.STALE_TAP, text)
        return True

    def _refuse(self, origin: Origin, person: Person, why: Why) -> None:
        """Red, from the bridge itself: no charge point was asked."""
        decision = Decision(
            origin=origin,
            colour=Colour.RED,
            authority=Authority.BRIDGE,
            why=why,
            verdict=None,
            user=person.user,
            tag=person.tag,
            card=person.card,
            utc_ms=self._clock.utc_ms(),
        )
        self._notices.refused(decision)
