"""Every topic of the contract, once: subscriptions, the README's table, AsyncAPI, `evbridge topics` and the ACL come from this table.

Patterns are relative to the root. A placeholder stands for one level.
"""

from dataclasses import dataclass
from enum import StrEnum, unique


@unique
class Direction(StrEnum):
    """Who writes, seen from the bridge."""

    IN = "in"
    OUT = "out"


@unique
class Nature(StrEnum):
    """State is retained and told again; an event acts once and is never retained."""

    STATE = "state"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Topic:
    """One row of the contract."""

    pattern: str
    direction: Direction
    nature: Nature
    schema: str
    """Name of the payload's schema."""
    about: str
    """One sentence for people."""
    qos: int = 1
    floor_s: float = 0.0
    """At most one message in this time; the newest value is sent when it has passed. 0: at once, always."""
    expiry_s: float | None = None
    """How long an event is worth anything. While the broker is away it is dropped after this; MQTT 5 tells the broker as well."""

    urgent: bool = False
    """Ahead of everything else that is retained: what holds the hardware."""

    @property
    def retained(self) -> bool:
        """Whether the broker keeps the last message."""
        return self.nature is Nature.STATE


NUMBER_FLOOR_S = 1.0
"""A meter may speak ten times a second; no dashboard reads faster than once, and floods are the commonest complaint."""
LAMP_EXPIRY_S = 10.0
"""A green or red that arrives later belongs to a driver who has gone, or worse, to the next one."""
COMMAND_EXPIRY_S = 10.0
"""A command without a result in this time has failed (design.md §3), so it must not act later."""
ANSWER_EXPIRY_S = 60.0
"""Whoever asked has given up by then."""
RECORD_EXPIRY_S = 86_400.0
"""A finished session is news for a day; the history keeps it for good."""


def _told(pattern: str, schema: str, about: str, qos: int = 1) -> Topic:
    return Topic(pattern=pattern, direction=Direction.IN, nature=Nature.STATE, schema=schema, about=about, qos=qos)


def _wished(pattern: str, schema: str, about: str) -> Topic:
    return Topic(pattern=pattern, direction=Direction.IN, nature=Nature.EVENT, schema=schema, about=about)


def _held(pattern: str, schema: str, about: str) -> Topic:
    return Topic(pattern=pattern, direction=Direction.OUT, nature=Nature.STATE, schema=schema, about=about, urgent=True)


def _shown(pattern: str, schema: str, about: str, qos: int = 1, floor_s: float = 0.0) -> Topic:
    return Topic(pattern=pattern, direction=Direction.OUT, nature=Nature.STATE, schema=schema, about=about, qos=qos, floor_s=floor_s)


def _said(pattern: str, schema: str, about: str, expiry_s: float) -> Topic:
    return Topic(pattern=pattern, direction=Direction.OUT, nature=Nature.EVENT, schema=schema, about=about, expiry_s=expiry_s)


# --- in: the wallbox ---------------------------------------------------------------------------------------------------------------

WALLBOX_PLUGGED = _told("wallbox/{id}/plugged", "truth", "Whether a vehicle is plugged in.")
WALLBOX_CHARGING = _told("wallbox/{id}/charging", "truth", "Whether the vehicle draws energy.")
WALLBOX_PLUGGED_SINCE = _told("wallbox/{id}/plugged_since", "plug", "Since when the vehicle is plugged: tells one plug-in from the next.")
WALLBOX_PLUG_ID = _told("wallbox/{id}/plug_id", "plug", "Any text that changes with each plug-in, where there is no time.")
WALLBOX_CP_STATE = _told("wallbox/{id}/cp_state", "cp_state", "The control pilot's state of IEC 61851, instead of plugged and charging.")
WALLBOX_FAULT = _told("wallbox/{id}/fault", "fault", "What is broken, as an OCPP error code, or none.")
WALLBOX_AVAILABILITY = _told("wallbox/{id}/availability", "availability", "Whether the device is there: its last will says offline.")
WALLBOX_STATE = _told("wallbox/{id}/state", "wallbox_state", "Any of the above in one message, for flows that prefer it.")
WALLBOX_FIRMWARE = _told("wallbox/{id}/firmware", "firmware", "How an update goes, in the words of OCPP 2.0.1 (FirmwareStatus).")
WALLBOX_RESULT = _wished("wallbox/{id}/command/result", "command_result", "How a command went; silence for 10 s means failed.")

# --- in: the meter -----------------------------------------------------------------------------------------------------------------

METER_ENERGY = _told("meter/{id}/energy_wh", "energy_wh", "The lifetime import register: never reset between sessions.")
METER_POWER = _told("meter/{id}/power_w", "power_w", "The power drawn now.", qos=0)
METER_CURRENT = _told("meter/{id}/current_a/{phase}", "current_a", "The current of a phase, l1 to l3.", qos=0)
METER_VOLTAGE = _told("meter/{id}/voltage_v/{phase}", "voltage_v", "The voltage of a phase, l1 to l3.", qos=0)
METER_SOC = _told("meter/{id}/soc_percent", "soc_percent", "How full the vehicle's battery is, where something knows.")
METER_SAMPLE = _wished("meter/{id}/sample", "sample", "One consistent reading; a signed meter value passes through byte for byte.")

# --- in: people --------------------------------------------------------------------------------------------------------------------

TAP = _wished("nfc/{id}/tap", "tap", "A card was held to the reader. Carries the whole tag.")
TAP_TEXT = _wished("nfc/{id}/tap_text", "tap_text", "The same for controllers that cannot write JSON: tag#counter.")
USER = _told("users/{user}", "user", "A person who may charge; an empty message removes the person.")
USER_START = _wished("users/{user}/start", "app_request", "The person pressed start in an app.")
USER_STOP = _wished("users/{user}/stop", "app_request", "The person pressed stop in an app.")

# --- in: energy management and price -----------------------------------------------------------------------------------------------

EMS_ALLOW = _told("ems/{source}/{target}/allow", "truth", "Whether this source lets a charge point (or all) charge.")
EMS_LIMIT_W = _told("ems/{source}/{target}/limit_w", "limit_w", "The most a charge point (or each of them) may draw, in watts.")
EMS_LIMIT_A = _told("ems/{source}/{target}/limit_a", "limit_a", "The same in amperes per phase; below 6 A is a pause.")
EMS_REASON = _told("ems/{source}/{target}/reason", "reason", "Why, for people.")
PRICE = _told("price/{target}/per_kwh", "price", "What local sessions cost per kWh, in the configured currency.")

# --- in: words of a vendor's own ---------------------------------------------------------------------------------------------------

TRANSFER_ANSWER = _wished(
    "charge_point/{cp}/data_transfer/answer", "data_transfer_answer", "A flow's answer to data_transfer; silence for 10 s means rejected."
)

# --- in: questions to the bridge ---------------------------------------------------------------------------------------------------

REQUEST = _wished("bridge/request/{command}", "request", "A question or an order to the bridge; answered on bridge/response/{command}.")

# --- out: the hardware -------------------------------------------------------------------------------------------------------------

COMMAND_ENABLED = _held("wallbox/{id}/command/enabled", "truth", "Whether the wallbox shall deliver energy. AND it with your own safety.")
COMMAND_LIMIT_A = _held("wallbox/{id}/command/limit_a", "limit_a", "The most to offer per phase; always a number.")
COMMAND_LIMIT_W = _held("wallbox/{id}/command/limit_w", "limit_w", "The same in watts; always a number.")
COMMAND_MODE = _held("wallbox/{id}/command/mode", "mode", "How eagerly to charge.")
COMMAND_REASON = _held("wallbox/{id}/command/reason", "reason", "Why the command is as it is.")
COMMAND_UNLOCK = _said("wallbox/{id}/command/unlock", "command", "Free the cable; answer on command/result.", COMMAND_EXPIRY_S)
COMMAND_RESET = _said("wallbox/{id}/command/reset", "command", "Restart the wallbox; answer on command/result.", COMMAND_EXPIRY_S)
COMMAND_FIRMWARE = _said(
    "wallbox/{id}/command/firmware", "firmware_command", "Fetch and install firmware; answer on command/result.", COMMAND_EXPIRY_S
)

# --- out: decisions ----------------------------------------------------------------------------------------------------------------

READER_DECISION = _said("nfc/{id}/decision", "decision", "The one answer to each tap at this reader.", LAMP_EXPIRY_S)
USER_DECISION = _said("users/{user}/decision", "decision", "The one answer to each start or stop of an app, with its id.", LAMP_EXPIRY_S)
DECISION = _said("charge_point/{cp}/decision", "decision", "Every decision about this charge point.", LAMP_EXPIRY_S)
LED = _said("nfc/{id}/led", "led", "The lamp: green or red, then off.", LAMP_EXPIRY_S)

# --- out: dashboards ---------------------------------------------------------------------------------------------------------------

CP_STATUS = _shown("charge_point/{cp}/status", "status", "The true state, in the nine words of OCPP 1.6, whatever the version.")
CP_ONLINE = _shown("charge_point/{cp}/online", "truth", "Connected to the central system and accepted by it.")
CP_AUTHORITY = _shown("charge_point/{cp}/authority", "authority", "Who permitted the running session.")
CP_USER = _shown("charge_point/{cp}/user", "text", "Who charges: the user's name or id; a roaming card has none.")
CP_MODE = _shown("charge_point/{cp}/mode", "mode", "How eagerly the session charges.")
CP_ENERGY = _shown("charge_point/{cp}/energy_wh", "energy_wh", "The energy of the running session.", floor_s=NUMBER_FLOOR_S)
CP_POWER = _shown("charge_point/{cp}/power_w", "power_w", "The power drawn now.", qos=0, floor_s=NUMBER_FLOOR_S)
CP_LIMIT_W = _shown("charge_point/{cp}/limit_w", "limit_w", "The limit in force.", floor_s=NUMBER_FLOOR_S)
CP_LIMIT_BY = _shown("charge_point/{cp}/limit_by", "limit_by", "The part that decided the limit.")
CP_PRICE = _shown("charge_point/{cp}/price", "price", "The price per kWh, where it is shown.")
CP_COST = _shown("charge_point/{cp}/cost", "cost", "What the session costs so far, where it is shown.", floor_s=NUMBER_FLOOR_S)
CP_SESSION = _shown("charge_point/{cp}/session", "session", "The running session as one object, or empty.", floor_s=NUMBER_FLOOR_S)
CP_HISTORY = _said("charge_point/{cp}/history", "history_entry", "Each finished session, once.", RECORD_EXPIRY_S)
CP_LAST_SESSION = _shown("charge_point/{cp}/last_session", "history_entry", "The newest finished session.")
CP_DISPLAY = _shown("charge_point/{cp}/display", "display", "What the central system wants drivers to read now, where there is a display.")
CP_COST_UPDATE = _shown("charge_point/{cp}/cost_update", "cost_update", "What the session costs by the central system's reckoning.")
CP_DATA_TRANSFER = _said(
    "charge_point/{cp}/data_transfer",
    "data_transfer",
    "The central system's words in the language of a configured vendor; answer on data_transfer/answer.",
    COMMAND_EXPIRY_S,
)
OCPP_CONNECTED = _shown("charge_point/{cp}/ocpp/connected", "truth", "The connection to the central system stands.")
OCPP_VERSION = _shown("charge_point/{cp}/ocpp/version", "version", "The protocol spoken, as ocpp1.6.")
OCPP_STATUS = _shown("charge_point/{cp}/ocpp/status", "status", "The state as it was reported to the central system.")
OCPP_QUEUE = _shown("charge_point/{cp}/ocpp/queue", "count", "Records that wait to be sent.", floor_s=NUMBER_FLOOR_S)
OCPP_PARKED = _shown("charge_point/{cp}/ocpp/parked", "count", "Records the central system refused, put aside for the operator.")
OCPP_BOOT_STATUS = _shown("charge_point/{cp}/ocpp/boot_status", "boot_status", "How the central system answered the registration.")
OCPP_LAST_ERROR = _shown("charge_point/{cp}/ocpp/last_error", "text", "The newest trouble with the central system, and what to do.")

# --- out: alerts and the bridge itself ---------------------------------------------------------------------------------------------

CP_ALERT = _shown("charge_point/{cp}/alert/{alert}", "alert", "Something a person should know about a charge point; gone when solved.")
CSMS_ALERT = _shown("csms/{name}/alert/{alert}", "alert", "The same about a central system.")
BRIDGE_ALERT = _shown("bridge/alert/{alert}", "alert", "The same about the bridge.")
BRIDGE_STATE = _shown("bridge/state", "availability", "Whether the bridge is there: its last will says offline.")
BRIDGE_INFO = _shown("bridge/info", "bridge_info", "Version and what it serves; no configuration, no secrets.")
BRIDGE_HEALTH = _shown("bridge/health", "bridge_health", "How it is doing, told at least once a minute.")
RESPONSE = _said("bridge/response/{command}", "response", "The answer to a request, with its transaction.", ANSWER_EXPIRY_S)
SYNC = _said("bridge/sync", "nonce", "The bridge's word to itself: proves that it may write and read, and that it has heard all.", 10.0)

TABLE: tuple[Topic, ...] = tuple(value for value in dict(globals()).values() if isinstance(value, Topic))
"""The whole contract, in the order of this file."""

PHASES = ("l1", "l2", "l3")
"""What `{phase}` stands for."""
EVERYWHERE = "all"
"""What `{target}` may be beside a charge point; therefore no id is called so."""
