"""From the core's words to messages: decisions, lamps, commands, dashboards, history, alerts, the bridge itself. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

from bridge.core.alerts import AlertId
from bridge.core.effects import AskSite, Command, Decision, EntryKind, HistoryEntry, InstallFirmware
from bridge.core.events import Door
from bridge.core.orders import DisplayMessage
from bridge.core.values import Authority, Colour, CommandId, IdTag, SessionId, Status
from bridge.core.view import SessionView, View
from bridge.mqtt import topics
from bridge.mqtt.messages import Json, ReplyTo
from bridge.mqtt.names import Names
from bridge.mqtt.parsing import iso
from bridge.mqtt.privacy import mask, tag_ref
from bridge.mqtt.publications import Leaf, Publication, json_bytes, one_line, plain, publication, scalar
from bridge.mqtt.topics import Topic

LED_MS = 700
"""How long a lamp is lit where the reader's configuration says nothing (B9)."""
TEXT_MAX = 500
"""Of the schemas `text` and `alert`."""
REASON_MAX = 200
"""Of the schema `reason`."""
NAME_MAX = 100
"""Of a person's name and an entry's reason."""
TRANSACTION_MAX = 64
"""Of the backend's name for a transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkView:
    """The connection of a charge point to its central system, as it is shown."""

    connected: bool = False
    version: str | None = None
    """As `ocpp1.6`."""
    status: Status | None = None
    """As it was last reported."""
    queue: int = 0
    parked: int = 0
    boot_status: str | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """What runs here. No configuration, no secrets."""

    version: str
    instance: str
    mqtt: str
    """`5` or `3.1.1`."""
    started_ms: int
    charge_points: tuple[str, ...]
    csms: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the bridge is doing. Counters begin with the process."""

    ok: bool
    uptime_s: int
    charge_points: int
    online: int
    sessions: int
    queued: int
    parked: int
    alerts: int
    storage: bool
    messages_in: int
    messages_refused: int
    messages_out: int
    reconnects: int


_VIEW: Final[tuple[tuple[Topic, Callable[[View], Leaf]], ...]] = (
    (topics.CP_STATUS, lambda view: view.status),
    (topics.CP_ONLINE, lambda view: view.online),
    (topics.CP_AUTHORITY, lambda view: view.authority),
    (topics.CP_USER, lambda view: view.user and one_line(view.user, NAME_MAX)),
    (topics.CP_MODE, lambda view: view.mode),
    (topics.CP_ENERGY, lambda view: view.energy_wh),
    (topics.CP_POWER, lambda view: view.power_w),
    (topics.CP_LIMIT_W, lambda view: view.limit_w),
    (topics.CP_LIMIT_BY, lambda view: view.limit_by),
    (topics.CP_PRICE, lambda view: view.price),
    (topics.CP_COST, lambda view: view.cost),
)
_LINK: Final[tuple[tuple[Topic, Callable[[LinkView], Leaf]], ...]] = (
    (topics.OCPP_CONNECTED, lambda link: link.connected),
    (topics.OCPP_VERSION, lambda link: link.version),
    (topics.OCPP_STATUS, lambda link: link.status),
    (topics.OCPP_QUEUE, lambda link: link.queue),
    (topics.OCPP_PARKED, lambda link: link.parked),
    (topics.OCPP_BOOT_STATUS, lambda link: link.boot_status),
    (topics.OCPP_LAST_ERROR, lambda link: link.last_error and one_line(link.last_error, TEXT_MAX)),
)


class Renderer:
    """Writes messages under one root, with the key of this installation's tag references."""

    def __init__(self, *, names: Names, key: bytes, currency: str = "EUR") -> None:
        """`key` stays secret and stays the same over restarts, else a flow that matches `tag_ref` forgets everybody."""
        self._names = names
        self._key = key
        self._currency = currency

    # --- decisions ----------------------------------------------------------------------------------------------------------------

    def decision(self, decision: Decision, *, charge_point: str | None, csms: str | None, led_ms: int = LED_MS) -> tuple[Publication, ...]:
        """The lamp first, since it is what a driver waits for; then the answer to reader or app, and to whoever looks on.

        `charge_point` is None where none was found; `csms` is the configured name of the backend that decides there.
        """
        payload = json_bytes(self.decided(decision, charge_point=charge_point, csms=csms, led_ms=led_ms))
        said: list[Publication] = []
        if decision.origin.door is Door.READER and decision.origin.reader is not None:
            said += self.lamp(decision.origin.reader, decision.colour, led_ms)
            said.append(self._said(topics.READER_DECISION, payload, decision.origin.reader))
        if decision.origin.door is Door.APP and decision.origin.user is not None:
            said.append(self._said(topics.USER_DECISION, payload, decision.origin.user))
        if charge_point is not None:
            said.append(self._said(topics.DECISION, payload, charge_point))
        return tuple(said)

    def decided(self, decision: Decision, *, charge_point: str | None, csms: str | None, led_ms: int = LED_MS) -> dict[str, Json]:
        """A decision as a value, for answers to requests."""
        return {
            "id": decision.origin.id,
            "charge_point": charge_point,
            "result": "accepted" if decision.colour is Colour.GREEN else "rejected",
            "authority": decision.authority,
            "csms": csms if decision.authority is Authority.OCPP else None,
            "ocpp_status": decision.verdict,
            "reason": decision.why,
            "user": decision.user,
            **self._shown_tag(decision.card, decision.tag),
            "led": decision.colour,
            "led_ms": led_ms,
            "ts": iso(decision.utc_ms),
        }

    def lamp(self, reader: str, colour: Colour, led_ms: int) -> tuple[Publication, Publication]:
        """On now, off after that time, unless the next decision comes before."""
        name = self._names.name(topics.LED, reader)
        return publication(topics.LED, name, scalar(colour)), publication(topics.LED, name, b"off", after_s=led_ms / 1000)

    # --- the hardware -------------------------------------------------------------------------------------------------------------

    def command(self, wallbox: str, command: Command) -> tuple[Publication, ...]:
        """The desired state, the limits before the release: no wallbox starts with the limit of yesterday."""
        limits = (
            self._said(topics.COMMAND_LIMIT_A, scalar(command.limit_a), wallbox),
            self._said(topics.COMMAND_LIMIT_W, scalar(command.limit_w), wallbox),
        )
        enabled = (self._said(topics.COMMAND_ENABLED, scalar(command.enabled), wallbox),)
        return (
            *(limits + enabled if command.enabled else enabled + limits),
            self._said(topics.COMMAND_MODE, scalar(command.mode), wallbox),
            self._said(topics.COMMAND_REASON, scalar(one_line(command.reason, REASON_MAX)), wallbox),
        )

    def unlock(self, wallbox: str, command: CommandId, utc_ms: int) -> Publication:
        """Free the cable."""
        return self._said(topics.COMMAND_UNLOCK, json_bytes({"id": command, "ts": iso(utc_ms)}), wallbox)

    def reset(self, wallbox: str, command: CommandId, utc_ms: int) -> Publication:
        """Restart the wallbox."""
        return self._said(topics.COMMAND_RESET, json_bytes({"id": command, "ts": iso(utc_ms)}), wallbox)

    def firmware(self, wallbox: str, effect: InstallFirmware, utc_ms: int) -> Publication:
        """New firmware; fields that are not known are left out."""
        job = effect.job
        told = {
            "id": effect.command,
            "url": job.location,
            "retrieve_at": None if job.retrieve_ms is None else iso(job.retrieve_ms),
            "install_at": None if job.install_ms is None else iso(job.install_ms),
            "signing_certificate": job.certificate,
            "signature": job.signature,
            "ts": iso(utc_ms),
        }
        known = {name: value for name, value in told.items() if value is not None}
        return self._said(topics.COMMAND_FIRMWARE, json_bytes(known), wallbox)

    # --- dashboards ---------------------------------------------------------------------------------------------------------------

    def view(self, charge_point: str, view: View, *, csms: str | None, before: View | None = None) -> tuple[Publication, ...]:
        """The leaves that differ from `before`; all of them without it."""
        changed = [self._said(row, scalar(read(view)), charge_point) for row, read in _VIEW if before is None or read(view) != read(before)]
        if before is None or view.session != before.session:
            payload = b"" if view.session is None else self._session(view.session, csms)
            changed.append(self._said(topics.CP_SESSION, payload, charge_point))
        return tuple(changed)

    def link(self, charge_point: str, link: LinkView, *, before: LinkView | None = None) -> tuple[Publication, ...]:
        """The same for `ocpp/…`."""
        return tuple(
            self._said(row, scalar(read(link)), charge_point) for row, read in _LINK if before is None or read(link) != read(before)
        )

    def history(self, charge_point: str, entry: HistoryEntry, *, csms: str | None) -> tuple[Publication, ...]:
        """A finished session, once and as the last one. A gap is told once: it is nobody's last session."""
        payload = self.entry_json(charge_point, entry, csms=csms)
        told = self._said(topics.CP_HISTORY, payload, charge_point)
        if entry.kind is EntryKind.GAP:
            return (told,)
        return (told, self._said(topics.CP_LAST_SESSION, payload, charge_point))

    def entry_json(self, charge_point: str, entry: HistoryEntry, *, csms: str | None) -> bytes:
        """The record of one finished session or gap."""
        return json_bytes(self.entry(charge_point, entry, csms=csms))

    def entry(self, charge_point: str, entry: HistoryEntry, *, csms: str | None) -> dict[str, Json]:
        """The same as a value, for answers to requests."""
        return {
            "id": entry.id,
            "charge_point": charge_point,
            "kind": entry.kind.value,
            "authority": entry.authority,
            "csms": csms if entry.kind is EntryKind.OCPP else None,
            "user": entry.user,
            "name": entry.name and one_line(entry.name, NAME_MAX),
            **self._shown_tag(None, entry.tag),
            "mode": entry.mode,
            "started": iso(entry.started_ms),
            "ended": iso(entry.ended_ms),
            "start_wh": entry.start_wh,
            "end_wh": entry.end_wh,
            "energy_wh": entry.energy_wh,
            "cost": plain(entry.cost),
            "price_per_kwh": plain(entry.price_per_kwh),
            "currency": self._currency,
            "reason": one_line(entry.reason, NAME_MAX),
            "transaction": entry.backend_id and one_line(entry.backend_id, TRANSACTION_MAX),
            "follows": entry.follows,
            "clock_trusted": entry.clock_trusted,
            "note": entry.note and one_line(entry.note, TEXT_MAX),
        }

    # --- what the central system says to people and flows -------------------------------------------------------------------------

    def display(self, charge_point: str, messages: Sequence[DisplayMessage] | None) -> Publication:
        """What is to be read now; None: there is no display."""
        payload = b"" if messages is None else json_bytes([_text(one) for one in messages])
        return self._said(topics.CP_DISPLAY, payload, charge_point)

    def cost_update(self, charge_point: str, cost: tuple[SessionId, float] | None, utc_ms: int) -> Publication:
        """What a session costs, as it was told at that time; None: nothing has been told of this one."""
        if cost is None:
            return self._said(topics.CP_COST_UPDATE, b"", charge_point)
        told = {"cost": plain(Decimal(str(cost[1]))), "currency": self._currency, "session": cost[0], "ts": iso(utc_ms)}
        return self._said(topics.CP_COST_UPDATE, json_bytes(told), charge_point)

    def data_transfer(self, charge_point: str, effect: AskSite, utc_ms: int) -> Publication:
        """A vendor's words, for a flow to answer."""
        told = {
            "id": effect.request,
            "vendor_id": effect.vendor,
            "message_id": effect.message,
            "data": None if effect.data is None else json.loads(effect.data),
            "ts": iso(utc_ms),
        }
        return self._said(topics.CP_DATA_TRANSFER, json_bytes(told), charge_point)

    # --- alerts and the bridge itself ---------------------------------------------------------------------------------------------

    def charge_point_alert(self, charge_point: str, alert: AlertId, text: str | None) -> Publication:
        """An alert about a charge point; None: solved."""
        return self._said(topics.CP_ALERT, _alert(text), charge_point, alert)

    def csms_alert(self, csms: str, alert: AlertId, text: str | None) -> Publication:
        """An alert about a central system; None: solved."""
        return self._said(topics.CSMS_ALERT, _alert(text), csms, alert)

    def bridge_alert(self, alert: AlertId, text: str | None) -> Publication:
        """An alert about the bridge; None: solved."""
        return self._said(topics.BRIDGE_ALERT, _alert(text), alert)

    def info(self, info: Info) -> Publication:
        """What runs here."""
        told = asdict(info)
        started = iso(told.pop("started_ms"))
        return self._said(topics.BRIDGE_INFO, json_bytes({**told, "started": started}))

    def health(self, health: Health, utc_ms: int) -> Publication:
        """How it is doing."""
        told = asdict(health)
        return self._said(topics.BRIDGE_HEALTH, json_bytes({"ts": iso(utc_ms), "status": "ok" if told.pop("ok") else "warning", **told}))

    def response(self, reply: ReplyTo, *, data: Json = None, error: str | None = None) -> Publication:
        """The answer to a request: `data`, or what went wrong and what to do."""
        payload = json_bytes(
            {
                "status": "ok" if error is None else "error",
                "data": data if error is None else None,
                "error": error and one_line(error, TEXT_MAX),
                "transaction": reply.transaction,
            }
        )
        name = reply.topic or self._names.name(topics.RESPONSE, reply.command)
        answer = publication(topics.RESPONSE, name, payload)
        return Publication(
            topic=answer.topic,
            payload=answer.payload,
            retained=False,
            qos=answer.qos,
            expiry_s=answer.expiry_s,
            correlation=reply.correlation,
        )

    # --- parts --------------------------------------------------------------------------------------------------------------------

    def _said(self, row: Topic, payload: bytes, *ids: str) -> Publication:
        return publication(row, self._names.name(row, *ids), payload)

    def _shown_tag(self, card: str | None, tag: IdTag | None) -> dict[str, Json]:
        """The card in hand, else the tag: a flow matches what was held to the reader."""
        text = card if card is not None else None if tag is None else tag.text
        return {"tag_masked": None if text is None else mask(text), "tag_ref": None if text is None else tag_ref(text, self._key)}

    def _session(self, session: SessionView, csms: str | None) -> bytes:
        told: Mapping[str, Any] = {
            "id": session.id,
            "authority": session.authority,
            "csms": csms if session.authority is Authority.OCPP else None,
            "user": session.user and one_line(session.user, NAME_MAX),
            **self._shown_tag(None, session.tag),
            "mode": session.mode,
            "started": iso(session.started_ms),
            "start_wh": session.start_wh,
            "energy_wh": session.energy_wh,
            "price_per_kwh": plain(session.price),
            "cost": plain(session.cost),
            "currency": self._currency,
            "transaction": session.backend_id and one_line(session.backend_id, TRANSACTION_MAX),
        }
        return json_bytes(told)


def _text(message: DisplayMessage) -> Mapping[str, Json]:
    return {
        "id": message.id,
        "priority": message.priority,
        "text": message.text,
        "language": message.language,
        "session": message.transaction,
        "until": None if message.end_ms is None else iso(message.end_ms),
    }


def _alert(text: str | None) -> bytes:
    return b"" if text is None else scalar(one_line(text, TEXT_MAX))
