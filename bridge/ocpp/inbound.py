"""Requests of the central system on one connection: checked, answered by the book or passed to the core, within limits. Pure."""

from dataclasses import dataclass
from typing import TypeAlias, assert_never

from bridge.clock import Stamp
from bridge.core.effects import Answer, Outcome
from bridge.core.events import AnyEvent
from bridge.core.values import RequestId
from bridge.ocpp.dialect import Context, Dialect, Errand, JsonObject, Nameplate, Outgoing, Passed, Refusal, Registration, Reply
from bridge.ocpp.frames import BadFrame, Call, CallError, CallResult, Fault
from bridge.ocpp.networks import Network
from bridge.ocpp.ports import Station
from bridge.ocpp.validation import Kind, Version, knows, validate

WORK_MAX = 16
"""Requests that wait for the core at the same time; by the book there is one, a central system that crosses its own wires has a few."""
BURST_MAX = 200
"""Requests in one breath: every configuration key one by one, and everything an operator can click, fit."""
RATE_PER_S = 50.0
"""Requests in the long run; more is a loop on the other side, and is answered with an error that costs next to nothing."""

NAMELESS = Nameplate(vendor="", model="")

_SECURITY_ERROR = "SecurityError"
_PROTOCOL_ERROR = "ProtocolError"
_GENERIC_ERROR = "GenericError"
_INTERNAL_ERROR = "InternalError"
_UNKNOWN_TYPE = "MessageTypeNotSupported"
_FRAMEWORK_ERROR = "RpcFrameworkError"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer, and what is to follow it."""

    frame: CallResult | CallError
    errands: tuple[Errand, ...] = ()
    connector: int | None = None
    messages: tuple[Outgoing, ...] = ()
    event: AnyEvent | None = None


@dataclass(frozen=True, slots=True)
class Handed:
    """The core answers, by an `Answer` effect."""

    event: AnyEvent


@dataclass(frozen=True, slots=True)
class Ignored:
    """No answer."""


Handling: TypeAlias = Answered | Handed | Ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """A request the core has not answered yet."""

    message_id: str
    action: str
    until_s: float
    payload: JsonObject | None
    """Of a yes, where a word would not do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A request, and what is known when it comes."""

    call: Call
    now_s: float
    stamp: Stamp
    request: RequestId
    """Drawn for it; another connection's late answer never fits."""
    registration: Registration | None
    heartbeat_s: int


class Inbound:
    """The central system's requests that are in work."""

    __slots__ = (
        "_dialect",
        "_filled_s",
        "_nameplate",
        "_request_s",
        "_station",
        "_tokens",
        "_version",
        "_work",
        "call_timeout_s",
        "network",
    )

    def __init__(self, dialect: Dialect, station: Station, request_s: float, nameplate: Nameplate = NAMELESS) -> None:
        """`request_s` is how long the core may take."""
        self._dialect = dialect
        self._version = Version(dialect.subprotocol)
        self._station = station
        self._request_s = request_s
        self._nameplate = nameplate
        self.network = Network()
        """By which road this connection came."""
        self.call_timeout_s = 30.0
        """How long an answer may take on it."""
        self._work: dict[RequestId, _Work] = {}
        self._tokens = float(BURST_MAX)
        self._filled_s = 0.0

    def speak(self, dialect: Dialect) -> None:
        """Requests come in this version from now on."""
        self._dialect = dialect
        self._version = Version(dialect.subprotocol)

    def received(self, arrival: Arrival) -> Handling:
        """A request came."""
        call = arrival.call
        if arrival.registration is Registration.REJECTED:
            return self._while_rejected(call)
        if not self._admits(arrival.now_s):
            return _refusal(call, Refusal(code=_GENERIC_ERROR, description="too many requests, try again later"))
        if any(work.message_id == call.message_id for work in self._work.values()):
            return _refusal(call, Refusal(code=_PROTOCOL_ERROR, description="this message id is in work"))
        if not knows(self._version, call.action):
            return _refusal(call, self._dialect.unknown_action(call.action))
        violation = validate(self._version, call.action, Kind.REQUEST, call.payload)
        if violation is not None:
            refusal = Refusal(code=self._dialect.violation(violation.keyword), description=f"{violation.keyword} at /{violation.path}")
            return _refusal(call, refusal)
        return self._handle(arrival)

    def answer(self, answer: Answer) -> CallResult | None:
        """The core's answer; None: nobody waits for it any more."""
        work = self._work.pop(answer.request, None)
        if work is None:
            return None
        ready = work.payload if answer.outcome is Outcome.ACCEPTED else None
        payload = self._dialect.answer(work.action, answer, self._station.state) if ready is None else ready
        return CallResult(message_id=work.message_id, payload=payload)

    def expired(self, now_s: float) -> list[CallError]:
        """Answers to those that have waited too long."""
        late = [request for request, work in self._work.items() if work.until_s <= now_s]
        return [
            CallError(message_id=self._work.pop(request).message_id, code=_INTERNAL_ERROR, description="no answer in time")
            for request in late
        ]

    def unreadable(self, bad: BadFrame) -> CallError | None:
        """What a frame is answered with that can't be used; None: nothing."""
        if bad.message_id is not None:
            # "not conform the PDU structure" is the code that a superfluous field has
            code = self._dialect.violation("additionalProperties")
            return CallError(message_id=bad.message_id, code=code, description=bad.fault.value) if bad.call else None
        # OCPP-J 1.6 ignores what it can't read; 2.0.1 answers it under the id "-1"
        if self._version is Version.V16:
            return None
        code = _UNKNOWN_TYPE if bad.fault is Fault.MESSAGE_TYPE else _FRAMEWORK_ERROR
        return CallError(message_id="-1", code=code, description=bad.fault.value)

    def due_s(self) -> float:
        """When the next one has waited too long; infinity: none waits."""
        return min((work.until_s for work in self._work.values()), default=float("inf"))

    def forget(self) -> None:
        """The connection ended, and whoever asked with it."""
        self._work.clear()

    def context(self, stamp: Stamp, request: RequestId, registration: Registration | None, heartbeat_s: int) -> Context:
        """What a dialect may look at, now."""
        station = self._station
        return Context(
            state=station.state,
            stamp=stamp,
            request=request,
            registration=registration,
            person=station.person,
            known=station.known_tag,
            listed=station.listed_tag,
            list_size=station.list_size,
            is_queued=station.is_queued,
            heartbeat_s=heartbeat_s,
            nameplate=self._nameplate,
            call_timeout_s=self.call_timeout_s,
            security_profile=self.network.security,
            network=self.network,
        )

    def _handle(self, arrival: Arrival) -> Handling:
        call = arrival.call
        context = self.context(arrival.stamp, arrival.request, arrival.registration, arrival.heartbeat_s)
        match self._dialect.handle(call.action, call.payload, context):
            case Reply() as reply:
                return Answered(
                    frame=CallResult(message_id=call.message_id, payload=reply.payload),
                    errands=reply.errands,
                    connector=reply.connector,
                    messages=reply.messages,
                    event=reply.event,
                )
            case Refusal() as refusal:
                return _refusal(call, refusal)
            case Passed(event=event, payload=payload):
                if len(self._work) >= WORK_MAX:
                    return _refusal(call, Refusal(code=_GENERIC_ERROR, description="too many requests at the same time"))
                until_s = arrival.now_s + self._request_s
                work = _Work(message_id=call.message_id, action=call.action, until_s=until_s, payload=payload)
                self._work[arrival.request] = work
                return Handed(event)
            case handled:
                assert_never(handled)

    def _while_rejected(self, call: Call) -> Handling:
        # OCPP 1.6 §4.2: after Rejected the station does not answer what the central system asks
        if self._version is Version.V16:
            return Ignored()
        # OCPP 2.0.1 B03.FR.08: it answers with CALLERROR SecurityError
        return _refusal(call, Refusal(code=_SECURITY_ERROR, description="this charging station is not registered"))

    def _admits(self, now_s: float) -> bool:
        """A bucket of requests that fills steadily."""
        self._tokens = min(float(BURST_MAX), self._tokens + (now_s - self._filled_s) * RATE_PER_S)
        self._filled_s = now_s
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def _refusal(call: Call, refusal: Refusal) -> Answered:
    return Answered(frame=CallError(message_id=call.message_id, code=refusal.code, description=refusal.description))
