"""Which texts are hidden on a tape. Every text of events, states and effects is named here or known to be harmless (its test). Pure."""

from collections.abc import Mapping
from enum import Enum, auto, unique
from typing import Final

from bridge.core.backend import NoteRequested, RecordParked, RemoteStartRequested, VendorMessageReceived
from bridge.core.effects import Answer, AskSite, Command, Decision, HistoryEntry
from bridge.core.events import (
    CommandAnswered,
    EnergyManaged,
    GrantMoved,
    MeterReported,
    Origin,
    StopPressed,
    VendorMessageAnswered,
    WallboxReported,
)
from bridge.core.orders import ChargingProfile, DisplayMessage, FirmwareJob, LogJob, Reservation
from bridge.core.settings import Rules, Settings
from bridge.core.state import Alert, BackendSession, Granted, Hardware, Kept, Meter, Source
from bridge.core.values import IdTag, Person, Reading, TagInfo


@unique
class Veil(Enum):
    """How a field is hidden."""

    TAG = auto()
    USER = auto()
    TEXT = auto()
    """Free text of somebody's, which nothing but its equality and its length may decide about."""
    DROP = auto()
    """Emptied: text that is put together here, perhaps of somebody's, and decides nothing."""


VEILS: Final[Mapping[type, Mapping[str, Veil]]] = {
    # people and tags
    IdTag: {"text": Veil.TAG},
    Person: {"user": Veil.USER, "name": Veil.DROP, "card": Veil.TAG},
    TagInfo: {"group": Veil.TAG},
    Reservation: {"group": Veil.TAG},
    BackendSession: {"group": Veil.TAG},
    Granted: {"group": Veil.TAG},
    GrantMoved: {"group": Veil.TAG},
    RemoteStartRequested: {"group": Veil.TAG},
    Origin: {"id": Veil.TEXT, "user": Veil.USER},
    StopPressed: {"user": Veil.USER},
    Decision: {"user": Veil.USER, "card": Veil.TAG},
    HistoryEntry: {"user": Veil.USER, "name": Veil.DROP, "note": Veil.DROP},
    # settings that a central system may write anything into
    Settings: {
        "master_pass_group": Veil.TAG,
        "organization": Veil.TEXT,
        "tariff_fallback": Veil.TEXT,
        "cost_fallback": Veil.TEXT,
        "time_zone": Veil.TEXT,
    },
    # a signed reading names the tag, too
    MeterReported: {"signed": Veil.TEXT},
    Reading: {"signed": Veil.TEXT},
    Meter: {"signed": Veil.TEXT},
    # a vehicle may be named by its plug-in
    WallboxReported: {"plug": Veil.TEXT},
    Hardware: {"plug": Veil.TEXT},
    Kept: {"plug": Veil.TEXT, "notes": Veil.TEXT},
    # what flows, wallboxes and central systems put into words of their own; an address may hold a password
    EnergyManaged: {"reason": Veil.TEXT},
    Source: {"reason": Veil.TEXT},
    Command: {"reason": Veil.DROP},
    CommandAnswered: {"reason": Veil.DROP},
    RecordParked: {"error": Veil.DROP},
    Alert: {"text": Veil.DROP},
    NoteRequested: {"text": Veil.TEXT},
    DisplayMessage: {"text": Veil.TEXT, "told": Veil.TEXT},
    ChargingProfile: {"told": Veil.TEXT},
    VendorMessageReceived: {"vendor": Veil.TEXT, "message": Veil.TEXT, "data": Veil.TEXT},
    VendorMessageAnswered: {"data": Veil.TEXT},
    AskSite: {"vendor": Veil.TEXT, "message": Veil.TEXT, "data": Veil.TEXT},
    Answer: {"data": Veil.TEXT},
    Rules: {"vendors": Veil.TEXT},
    LogJob: {"location": Veil.TEXT, "file": Veil.TEXT},
    FirmwareJob: {"location": Veil.TEXT, "certificate": Veil.TEXT, "signature": Veil.TEXT},
}
"""By class and field."""
