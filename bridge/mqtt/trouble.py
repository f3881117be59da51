"""Why there is no connection, in one line that says what to do. Pure."""

from dataclasses import dataclass

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from bridge.mqtt.backoff import STEADY_S

_UNSPECIFIED, _PROTOCOL, _CLIENT_ID, _CREDENTIALS, _NOT_AUTHORIZED, _TAKEN_OVER = 128, 132, 133, 134, 135, 142
"""MQTT 5 §2.4; paho gives these numbers to the answers of 3.1.1 as well, and the first to a socket that was closed."""


KICKS_MAX = 3
"""Twice may be a restart that overlapped; three quick losses are a second bridge under the same client id."""
KICKED_WITHIN_S = 120.0
"""A connection that lasted longer was not fought over."""


class HungUp(aiomqtt.MqttError):
    """The broker closed the connection before it had answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One failed or lost connection."""

    text: str
    patient: bool = False
    """Only a person can help: retry slowly."""
    kicked: bool = False
    """Somebody else connected under our client id."""


def trouble_of(error: Exception, *, place: str, user: str | None, client_id: str, protocol: str) -> Trouble:
    """What an error means. `place` is `host:port`."""
    code = _code(error)
    text = str(error)
    who = "an anonymous client" if user is None else f"user '{user}'"
    if code in {_CREDENTIALS, _NOT_AUTHORIZED}:
        return Trouble(text=f"the broker at {place} refuses {who}: check user and password_file of [mqtt]", patient=True)
    if code == _PROTOCOL:
        return Trouble(text=f'the broker at {place} does not speak MQTT {protocol}: set protocol = "3.1.1" in [mqtt]', patient=True)
    if code == _CLIENT_ID:
        return Trouble(text=f"the broker at {place} refuses the client id '{client_id}': change instance in [mqtt]", patient=True)
    if code == _TAKEN_OVER:
        return Trouble(text=f"another client connected to {place} as '{client_id}'", kicked=True)
    if isinstance(error, HungUp):
        older = '; if it does not speak MQTT 5, set protocol = "3.1.1"' if protocol == "5" else ""
        return Trouble(text=f"the broker at {place} hung up before it had answered: check port and tls of [mqtt]{older}")
    if "timed out" in text and protocol == "5":
        return Trouble(text=f'the broker at {place} does not answer; if it does not speak MQTT 5, set protocol = "3.1.1" in [mqtt]')
    if "CERTIFICATE" in text or "SSL" in text:
        return Trouble(text=f"TLS with the broker at {place} failed ({text}): check tls and ca_file of [mqtt]", patient=True)
    if code == _UNSPECIFIED:
        return Trouble(text=f"the broker at {place} closed the connection")
    if isinstance(error, aiomqtt.MqttCodeError):
        return Trouble(text=f"the connection to the broker at {place} broke ({error.rc})")
    return Trouble(text=f"the broker at {place} can't be reached ({text or type(error).__name__}): check host, port and tls of [mqtt]")


def _code(error: Exception) -> int | None:
    if not isinstance(error, aiomqtt.MqttCodeError):
        return None
    code = error.rc
    return code.value if isinstance(code, ReasonCode) else code


class Rivalry:
    """Notices two bridges that throw each other out: each reconnects, and the broker keeps the newer one only."""

    def __init__(self, *, place: str, client_id: str) -> None:
        """Nothing has been lost yet."""
        self._place = place
        self._client_id = client_id
        self._kicks = 0

    def judge(self, trouble: Trouble, served_s: float | None) -> Trouble:
        """The trouble as it is, or the rivalry behind it. `served_s` is how long the connection stood; None: there was none.

        MQTT 5 has a word for it, which mosquitto 2.0.11 does not say: there, as in 3.1.1, quick closing again and again is all one sees.
        """
        if served_s is None or served_s > KICKED_WITHIN_S:
            self._kicks = 0
        if trouble.kicked or (not trouble.patient and served_s is not None and served_s < STEADY_S):
            self._kicks += 1
        if self._kicks < KICKS_MAX:
            return trouble
        text = f"{self._place} takes the connection away again and again: if another client connects as '{self._client_id}', "
        return Trouble(text=text + "give each bridge its own instance in [mqtt]", patient=True, kicked=True)


class Rights:
    """What the broker lets this bridge do, as far as it shows. Brokers say little: mosquitto grants a subscription and delivers nothing."""

    def __init__(self, *, user: str | None, root: str, probe: str) -> None:
        """`probe` is the topic on which the bridge tries both."""
        line = f"'topic readwrite {root}/#'"
        self._need = f"its ACL needs {line}" if user is None else f"its ACL needs 'user {user}' and below it {line}"
        self._probe = probe
        self._denied: str | None = None

    def begin(self) -> None:
        """A new try."""
        self._denied = None

    def deny(self, topic: str | None) -> str:
        """The broker did not take a message (None: the probe); what to do."""
        self._denied = self._probe if topic is None else topic
        return self._unwritten(self._denied)

    def unwritten(self) -> str | None:
        """What may not be written, and what to do; None: nothing was refused."""
        return None if self._denied is None else self._unwritten(self._denied)

    def unheard(self) -> str:
        """The probe did not come back."""
        return self.unwritten() or f"the broker does not give back what this bridge writes to {self._probe}: {self._need}"

    def hung_up(self) -> str:
        """3.1.1 has no word for a refusal, and mosquitto 2.0.11 closes the connection."""
        return f"the broker closed the connection when this bridge wrote to {self._probe}: {self._need}"

    def refused(self, filters: tuple[str, ...]) -> str:
        """A broker that does say that it refuses subscriptions."""
        return f"the broker refuses the subscriptions {', '.join(filters)}: {self._need}"

    def _unwritten(self, topic: str) -> str:
        return f"the broker does not let this bridge write to {topic}: {self._need}"
