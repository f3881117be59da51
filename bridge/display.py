"""What the bridge shows on MQTT: lamps, commands, dashboards, alerts. Carries what the core decided; decides nothing.

Lamps and commands leave at once. Dashboards follow within a tenth of a second, by difference.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bridge.clock import Clock
from bridge.config.values import ChargePoint, Configuration
from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.effects import AskSite, Command, Decision, HistoryEntry, InstallFirmware
from bridge.core.events import Door
from bridge.core.messages import Told, told_to_people
from bridge.core.orders import LogJob
from bridge.core.state import Alert, State
from bridge.core.status import reported_status
from bridge.core.values import ChargePointId, CommandId, IdTag, Person, ReaderId
from bridge.core.view import View, view
from bridge.mqtt.publications import Publication
from bridge.mqtt.render import LED_MS, LinkView, Renderer
from bridge.runtime import Runtime
from bridge.store.protocol import Store


class Publish(Protocol):
    """Hands messages to the broker (`bridge.mqtt.client.Broker.publish`)."""

    def __call__(self, *messages: Publication) -> None:
        """Never blocks."""


FOLLOW_S = 0.1
"""Dashboards are people: a tenth of a second later is at once, and saves most of the work while meters speak."""


@dataclass(slots=True)
class _Shown:
    """What has been shown of a charge point."""

    view: View | None = None
    people: Told | None = None
    link: LinkView | None = None
    alerts: Mapping[str, Alert] | None = None
    error: str | None = None
    connected: bool = False
    boot_status: str | None = None
    version: str | None = None
    """What was agreed on last."""


class Display:
    """The one place that publishes about charge points. Implements `runtime.Outlet` and `site.Notices`."""

    def __init__(self, *, configuration: Configuration, clock: Clock, store: Store, renderer: Renderer, publish: Publish) -> None:
        """`publish` never blocks."""
        self.holder: Callable[[IdTag, ChargePointId], Person] = lambda tag, _: Person(tag=tag, card=tag.key)
        self.send_log: Callable[[Runtime, LogJob], None] = lambda _runtime, _job: None
        self.online_changed: Callable[[ChargePointId, bool], None] = lambda _charge_point, _online: None
        self._configuration = configuration
        self._clock = clock
        self._store = store
        self._renderer = renderer
        self._publish = publish
        self._shown: dict[ChargePointId, _Shown] = {one: _Shown() for one in configuration.charge_points}
        self._dirty: dict[ChargePointId, Runtime] = {}
        self._stopped = False
        self._flush: asyncio.TimerHandle | None = None
        self._alerts: dict[AlertId, str] = {}
        self._alert_timers: dict[AlertId, asyncio.TimerHandle] = {}

    # --- of a charge point (runtime.Outlet) ---------------------------------------------------------------------------------------

    def decided(self, runtime: Runtime, decision: Decision) -> None:
        """The lamp, now."""
        one = self._of(runtime)
        csms = None if one.csms is None else one.csms.id
        self._say(self._renderer.decision(decision, charge_point=one.id, csms=csms, led_ms=self._led_ms(decision)))

    def refused(self, decision: Decision) -> None:
        """The lamp for a tap that reached no charge point."""
        self._say(self._renderer.decision(decision, charge_point=None, csms=None, led_ms=self._led_ms(decision)))

    def _led_ms(self, decision: Decision) -> int:
        origin = decision.origin
        reader = None if origin.door is not Door.READER else self._configuration.readers.get(origin.reader or ReaderId(""))
        return LED_MS if reader is None else reader.led_hold_ms

    def commanded(self, runtime: Runtime, command: Command) -> None:
        """The hardware, now."""
        self._say(self._renderer.command(self._of(runtime).wallbox, command))

    def unlock(self, runtime: Runtime, command: CommandId) -> None:
        """Free the cable."""
        self._publish(self._renderer.unlock(self._of(runtime).wallbox, command, self._clock.utc_ms()))

    def install_firmware(self, runtime: Runtime, effect: InstallFirmware) -> None:
        """Hand new firmware to the wallbox."""
        self._publish(self._renderer.firmware(self._of(runtime).wallbox, effect, self._clock.utc_ms()))

    def ask_site(self, runtime: Runtime, effect: AskSite) -> None:
        """Put a vendor's message to the flows."""
        self._publish(self._renderer.data_transfer(self._of(runtime).id, effect, self._clock.utc_ms()))

    def upload(self, runtime: Runtime, job: LogJob) -> None:
        """Send a log away."""
        self.send_log(runtime, job)

    def reset(self, runtime: Runtime, command: CommandId) -> None:
        """Restart the wallbox."""
        self._publish(self._renderer.reset(self._of(runtime).wallbox, command, self._clock.utc_ms()))

    def finished(self, runtime: Runtime, entry: HistoryEntry) -> None:
        """A session or a gap, once it is on the disk."""
        one = self._of(runtime)
        self._say(self._renderer.history(one.id, entry, csms=None if one.csms is None else one.csms.id))

    def person(self, runtime: Runtime, tag: IdTag) -> Person:
        """Who holds a tag there."""
        return self.holder(tag, runtime.state.rules.charge_point)

    def changed(self, runtime: Runtime, before: State) -> None:
        """Show it soon."""
        charge_point = runtime.state.rules.charge_point
        if before.backend_online is not runtime.state.backend_online:
            self.online_changed(charge_point, runtime.state.backend_online)
        self._dirty[charge_point] = runtime
        if self._flush is None and not self._stopped:
            self._flush = asyncio.get_running_loop().call_later(FOLLOW_S, self.flush)

    def link_changed(self, runtime: Runtime, *, connected: bool, boot_status: str | None, error: str | None, version: str) -> None:
        """The link's own word."""
        shown = self._shown[runtime.state.rules.charge_point]
        shown.connected, shown.boot_status, shown.error, shown.version = connected, boot_status, error, version
        self.changed(runtime, runtime.state)

    def flush(self) -> None:
        """Show every charge point that has changed, by difference."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        dirty, self._dirty = self._dirty, {}
        for charge_point, runtime in dirty.items():
            self._show(charge_point, runtime.state)

    def _show(self, charge_point: ChargePointId, state: State) -> None:
        one = self._configuration.charge_points[charge_point]
        shown = self._shown[charge_point]
        now = view(state)
        csms = None if one.csms is None else one.csms.id
        if now != shown.view:
            self._say(self._renderer.view(charge_point, now, csms=csms, before=shown.view))
            shown.view = now
        self._show_people(charge_point, state, shown)
        if one.csms is not None:
            self._show_link(charge_point, state, shown, shown.version or one.csms.protocols[0])
        if state.alerts is not shown.alerts:
            self._show_alerts(charge_point, shown.alerts, state.alerts)
            shown.alerts = state.alerts

    def _show_people(self, charge_point: ChargePointId, state: State, shown: _Shown) -> None:
        before, now = shown.people, told_to_people(state)
        if before is None or now.messages != before.messages:
            self._publish(self._renderer.display(charge_point, now.messages))
        if before is None or now.cost != before.cost:
            self._publish(self._renderer.cost_update(charge_point, now.cost, self._clock.utc_ms()))
        shown.people = now

    def _show_link(self, charge_point: ChargePointId, state: State, shown: _Shown, version: str) -> None:
        waiting = self._store.count(charge_point)
        link = LinkView(
            connected=shown.connected,
            version=version,
            status=reported_status(state),
            queue=waiting.queued,
            parked=waiting.parked,
            boot_status=shown.boot_status,
            last_error=shown.error,
        )
        if link != shown.link:
            self._say(self._renderer.link(charge_point, link, before=shown.link))
            shown.link = link

    def _show_alerts(self, charge_point: ChargePointId, before: Mapping[str, Alert] | None, now: Mapping[str, Alert]) -> None:
        for alert in (before or {}).keys() - now.keys():
            self._publish(self._renderer.charge_point_alert(charge_point, AlertId(alert), None))
        for alert, up in now.items():
            if before is None or alert not in before or before[alert].text != up.text:
                self._publish(self._renderer.charge_point_alert(charge_point, AlertId(alert), up.text))

    # --- of a central system and of the bridge (site.Notices) ---------------------------------------------------------------------

    def unreachable(self, csms: str, grace_s: float | None) -> None:
        """A central system has been away for its grace time, or is back (None)."""
        text = None if grace_s is None else f"no charge point has reached it for {grace_s:.0f} s; see charge_point/…/ocpp/last_error"
        self._publish(self._renderer.csms_alert(csms, AlertId.UNREACHABLE, text))

    def alert(self, alert: AlertId, text: str, *, passing: bool = True) -> None:
        """Tell about the bridge itself; a passing alert clears after an hour."""
        timer = self._alert_timers.pop(alert, None)
        if timer is not None:
            timer.cancel()
        if passing:
            self._alert_timers[alert] = asyncio.get_running_loop().call_later(PASSING_S, self.clear, alert)
        if self._alerts.get(alert) != text:
            self._alerts[alert] = text
            self._publish(self._renderer.bridge_alert(alert, text))

    def clear(self, alert: AlertId) -> None:
        """Solved."""
        timer = self._alert_timers.pop(alert, None)
        if timer is not None:
            timer.cancel()
        if self._alerts.pop(alert, None) is not None:
            self._publish(self._renderer.bridge_alert(alert, None))

    def alerts_standing(self) -> int:
        """How many alerts are up, of charge points and of the bridge."""
        return len(self._alerts) + sum(len(shown.alerts or ()) for shown in self._shown.values())

    def stop(self) -> None:
        """Show the last of it, and let no timer fire any more: what is committed from now on is seen after the next start."""
        self._stopped = True
        self.flush()
        for timer in self._alert_timers.values():
            timer.cancel()

    # --- parts --------------------------------------------------------------------------------------------------------------------

    def _of(self, runtime: Runtime) -> ChargePoint:
        return self._configuration.charge_points[runtime.state.rules.charge_point]

    def _say(self, publications: Iterable[Publication]) -> None:
        """All of one occasion in one go: the socket is written to once."""
        self._publish(*publications)
