"""The desk: answers to `bridge/request/{command}` (design.md §3), for operators and flows."""

import asyncio
import functools
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias, assert_never

from bridge.clock import Clock
from bridge.config.values import Configuration
from bridge.core.alerts import AlertId
from bridge.core.effects import AskAuthorize, Decide
from bridge.core.events import AlertCleared, Door, Origin, SessionStopOrdered, TagPresented
from bridge.core.identity import person_of_tag, person_of_user
from bridge.core.site import choose
from bridge.core.state import NoSession, State
from bridge.core.step import step
from bridge.core.values import ChargePointId, IdTag, Person, ReaderId, SessionId, UserId, Why
from bridge.core.view import view
from bridge.display import Display
from bridge.mqtt.messages import Json, ReplyTo, Request, RequestMessage
from bridge.mqtt.parsing import iso
from bridge.mqtt.privacy import tag_ref
from bridge.mqtt.publications import Publication, plain
from bridge.mqtt.render import Renderer
from bridge.runtime import Runtime
from bridge.site import Site
from bridge.store.protocol import OutboxRow, Store

HISTORY_DEFAULT = 100
"""Entries of one answer where the request names no limit: a dashboard's page."""
QUEUE_MAX = 1000
"""Rows of one answer; the rest is counted. A month offline at one sample a minute is forty times that."""

Arguments: TypeAlias = Mapping[str, Json]


class Refused(Exception):
    """The request can't be met; the text goes back to whoever asked."""


class Desk:
    """Answers requests."""

    def __init__(  # noqa: PLR0913 - everything an answer may be about
        self,
        *,
        configuration: Configuration,
        clock: Clock,
        store: Store,
        runtimes: Mapping[ChargePointId, Runtime],
        site: Site,
        display: Display,
        renderer: Renderer,
        tag_key: bytes,
        publish: Callable[[Publication], None],
    ) -> None:
        """`tag_key` is the installation's key of tag references."""
        self._configuration = configuration
        self._clock = clock
        self._store = store
        self._runtimes = runtimes
        self._site = site
        self._display = display
        self._renderer = renderer
        self._tag_key = tag_key
        self._publish = publish

    def asked(self, message: RequestMessage) -> None:
        """Answer, at once or when it is on the disk."""
        try:
            answer = self._answer(message.request, message.arguments)
        except Refused as refused:
            self.refuse(message.reply, str(refused))
            return
        if isinstance(answer, asyncio.Future):
            answer.add_done_callback(functools.partial(self._replied, message.reply))
        else:
            self._publish(self._renderer.response(message.reply, data=answer))

    def refuse(self, reply: ReplyTo, reason: str) -> None:
        """Say what was wrong with a request."""
        self._publish(self._renderer.response(reply, error=reason))

    def _replied(self, reply: ReplyTo, done: "asyncio.Future[int]") -> None:
        if not done.cancelled():
            self._publish(self._renderer.response(reply, data={"records": done.result()}))

    def _answer(self, request: Request, given: Arguments) -> "Json | asyncio.Future[int]":
        match request:
            case Request.STATUS:
                return [self._status(one) for one in self._meant(given)]
            case Request.HISTORY:
                return self._history(given)
            case Request.QUEUE:
                return self._queue(given)
            case Request.QUEUE_REPLAY:
                return self._one(given).replay(SessionId(str(given["session"])))
            case Request.QUEUE_DROP:
                return self._one(given).drop(SessionId(str(given["session"])))
            case Request.ALERT_CLEAR:
                return self._alert_clear(given)
            case Request.SESSION_STOP:
                return self._session_stop(given)
            case Request.TAP_TEST:
                return self._tap_test(given)
            case _:
                assert_never(request)

    # --- which charge point -------------------------------------------------------------------------------------------------------

    def _one(self, given: Arguments) -> Runtime:
        runtime = self._runtimes.get(ChargePointId(str(given["charge_point"])))
        if runtime is None:
            raise Refused(f"there is no charge point '{given['charge_point']}'; the configuration knows {', '.join(self._runtimes)}")
        return runtime

    def _meant(self, given: Arguments) -> tuple[Runtime, ...]:
        return tuple(self._runtimes.values()) if given.get("charge_point") is None else (self._one(given),)

    # --- answers ------------------------------------------------------------------------------------------------------------------

    def _status(self, runtime: Runtime) -> Json:
        state = runtime.state
        now = view(state)
        waiting = self._store.count(state.rules.charge_point)
        return {
            "charge_point": state.rules.charge_point,
            "status": now.status.value,
            "online": now.online,
            "plugged": state.kept.plugged,
            "authority": now.authority,
            "user": now.user,
            "energy_wh": now.energy_wh,
            "power_w": now.power_w,
            "limit_w": now.limit_w,
            "limit_by": now.limit_by.value,
            "cost": plain(now.cost),
            "register_wh": state.meter.register_wh,
            # orjson takes no subclass of `str` as a key, and an AlertId is one
            "alerts": {str(name): alert.text for name, alert in state.alerts.items()},
            "queued": waiting.queued,
            "parked": waiting.parked,
        }

    def _history(self, given: Arguments) -> Json:
        charge_point = None if given.get("charge_point") is None else self._one(given).state.rules.charge_point
        since = given.get("since")
        since_ms = None if since is None else round(datetime.fromisoformat(str(since)).timestamp() * 1000)
        limit = int(str(given.get("limit") or HISTORY_DEFAULT))
        if given.get("decisions"):
            found = self._store.decisions(charge_point, since_ms=since_ms, limit=limit)
            return [self._renderer.decided(decision, charge_point=one, csms=self._csms(one)) for one, decision in found]
        entries = self._store.history(charge_point, since_ms=since_ms, limit=limit)
        return [self._renderer.entry(one, entry, csms=self._csms(one)) for one, entry in entries]

    def _csms(self, charge_point: ChargePointId) -> str | None:
        configured = self._configuration.charge_points.get(charge_point)
        return None if configured is None or configured.csms is None else configured.csms.id

    def _queue(self, given: Arguments) -> Json:
        rows: list[OutboxRow] = []
        for runtime in self._meant(given):
            rows += self._store.rows(runtime.state.rules.charge_point)
        return {"total": len(rows), "records": [_row(row) for row in rows[:QUEUE_MAX]]}

    def _alert_clear(self, given: Arguments) -> Json:
        alert = AlertId(str(given["alert"]))
        if given.get("charge_point") is not None:
            self._one(given).handle(AlertCleared(**self._clock.stamp(), alert=alert))
        elif given.get("csms") is not None:
            if given["csms"] not in self._configuration.csms:
                raise Refused(
                    f"there is no central system '{given['csms']}'; the configuration knows {', '.join(self._configuration.csms)}"
                )
            self._display.unreachable(str(given["csms"]), None)
        else:
            self._display.clear(alert)
        return {"cleared": alert.value}

    def _session_stop(self, given: Arguments) -> Json:
        runtime = self._one(given)
        session = runtime.state.kept.session
        if isinstance(session, NoSession):
            raise Refused("nothing runs there")
        runtime.handle(SessionStopOrdered(**self._clock.stamp()))
        return {"session": session.id}

    # --- a tap that does nothing --------------------------------------------------------------------------------------------------

    def _tap_test(self, given: Arguments) -> Json:
        """What a tap would do, on a copy: nothing is asked, shown or started."""
        reader = self._configuration.readers.get(ReaderId(str(given["reader"])))
        if reader is None:
            raise Refused(f"there is no reader '{given['reader']}'; the configuration knows {', '.join(self._configuration.readers)}")
        who = self._who(given)
        named = None if given.get("charge_point") is None else ChargePointId(str(given["charge_point"]))
        states = [self._runtimes[one].state for one in reader.charge_points]
        chosen = choose(states, lambda state: who(state.rules.charge_point), named)
        if isinstance(chosen, Why):
            return {"charge_point": None, "result": "rejected", "reason": chosen.value}
        return {"charge_point": chosen, **self._trial(self._runtimes[chosen], who(chosen), reader.id)}

    def _who(self, given: Arguments) -> Callable[[ChargePointId], Person]:
        people = self._site.people
        if given.get("user") is not None:
            user = UserId(str(given["user"]))
            if user not in people.users:
                raise Refused(f"there is no user '{user}'")
            return lambda charge_point: person_of_user(people, user, charge_point) or Person()
        wanted = given.get("tag_ref")
        for card in (*people.by_card, *people.by_tag):
            if tag_ref(card, self._tag_key) == wanted:
                return functools.partial(person_of_tag, people, IdTag(text=card))
        raise Refused("no user has a card with this tag_ref; a roaming card is for the central system to know")

    def _trial(self, runtime: Runtime, person: Person, reader: ReaderId) -> dict[str, Json]:
        state: State = runtime.state
        known = None if person.tag is None else runtime.known_tag(person.tag)
        origin = Origin(door=Door.READER, id="tap_test", reader=reader)
        made = step(state, TagPresented(**self._clock.stamp(), origin=origin, person=person, known=known))
        for effect in made.effects:
            if isinstance(effect, Decide):
                decision = effect.decision
                result = "accepted" if decision.colour.value == "green" else "rejected"
                return {"result": result, "reason": decision.why.value, "authority": decision.authority.value}
        asks = any(isinstance(effect, AskAuthorize) for effect in made.effects)
        return {"result": "asked" if asks else "joined", "reason": None, "authority": "ocpp"}


def _row(row: OutboxRow) -> Json:
    return {
        "id": row.id,
        "charge_point": row.charge_point,
        "csms": row.link,
        "session": row.record.session,
        "kind": type(row.record).__name__.removeprefix("Record").lower(),
        "state": row.state.value,
        "attempts": row.attempts,
        "created": iso(row.created_ms),
        "error": row.error,
        "retry": None if row.retry_ms is None else iso(row.retry_ms),
    }
