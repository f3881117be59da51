"""Why a public certification case has no test here: it does not apply, for a reason of a closed list, or it comes later."""

import re
from collections.abc import Mapping
from enum import Enum, unique
from typing import Protocol


@unique
class Reason(Enum):
    """Every reason there is. What a station could do, but this one does not do yet, is none."""

    ISO_15118 = "profile not claimed: ISO 15118 Support; hardware behind MQTT tells nothing of what vehicle and wallbox say by it"
    ONE_EVSE = "hardware class: a charge point is one station with one EVSE and one connector"
    NO_EVSE_RESET = "hardware class: the only EVSE can't be reset apart from its station"
    NO_PARKING_BAY = "hardware class: nothing tells whether a parking bay is occupied"
    NO_SIGNED_START = "hardware class: no meter tells that the reading it starts with is signed"
    NO_ACCESS_LOCK = "hardware class: the socket is open to everybody; nobody has to be authorised before plugging in"
    NO_CHOICE = "hardware class: a reader and a lamp, nothing to choose from a list with"
    NO_BACKUP_POWER = "hardware class: no back-up power"
    READ_ONLY = "read-only by design.md: a session ends when the vehicle is unplugged, always (B5)"
    DOES_MORE = "hardware class: for stations that can't do what this one does"
    NO_UPDATE_MEANWHILE = "hardware class: an update would cut a transaction off, and waits as a whole for its end"
    NO_HARD_WIRE = "hardware class: nothing in it notifies the central system by itself, so that no monitor is hard-wired"
    NO_LOCK_SENSOR = "hardware class: a lock that fails is told as a fault of its connector, not as a component of its own"
    TAGS_ONLY = "hardware class: a reader of tags; customers have no other identifier here"
    WITHDRAWN = "withdrawn from certification by the errata of 2025-09"


NAMED: Mapping[Reason, Mapping[str, str]] = {
    Reason.ONE_EVSE: {
        "2.0.1 TC_B_41_CS": "it takes several transactions at once",
        "2.0.1 TC_J_08_CS": "a card is held to the reader of its EVSE: no transaction begins before the EVSE is known",
        "2.0.1 TC_K_24_CS": "it clears profiles of several EVSEs",
        "2.0.1 TC_L_12_CS": "it begins a second transaction on another EVSE",
        "2.0.1 TC_L_14_CS": "it begins a second transaction on another EVSE",
    },
    Reason.NO_EVSE_RESET: {
        "2.0.1 TC_B_25_CS": "instead: TC_B_28_CS",
        "2.0.1 TC_B_26_CS": "instead: TC_B_29_CS",
        "2.0.1 TC_B_27_CS": "instead: TC_B_29_CS",
    },
    Reason.NO_PARKING_BAY: {
        "2.0.1 TC_E_12_CS": "TxStartPoint ParkingBayOccupancy is not offered",
        "2.0.1 TC_E_19_CS": "TxStopPoint ParkingBayOccupancy is not offered",
    },
    Reason.NO_SIGNED_START: {
        "2.0.1 TC_E_11_CS": "TxStartPoint DataSigned is not offered",
    },
    Reason.NO_ACCESS_LOCK: {
        "2.0.1 TC_C_05_CS": "instead: TC_C_02_CS",
    },
    Reason.NO_CHOICE: {
        "2.0.1 TC_C_47_CS": "instead: TC_C_49_CS",
        "2.0.1 TC_C_48_CS": "instead: TC_C_49_CS",
    },
    Reason.NO_BACKUP_POWER: {
        "1.6 TC_032_1_CS": "instead: TC_032_2_CS",
    },
    Reason.READ_ONLY: {
        "1.6 TC_005_3_CS": "StopTransactionOnEVSideDisconnect is read-only true",
        "2.0.1 TC_E_26_CS": "TxCtrlr.StopTxOnEVSideDisconnect is read-only true; instead: TC_E_24_CS",
        "2.0.1 TC_E_27_CS": "TxCtrlr.StopTxOnEVSideDisconnect is read-only true; instead: TC_E_24_CS",
    },
    Reason.DOES_MORE: {
        "1.6 TC_048_4_CS": "the profile Reservation is supported",
        "1.6 TC_050_4_CS": "the profile Reservation is supported",
        "2.0.1 TC_B_15_CS": "SummaryInventory is supported; instead: TC_B_14_CS",
        "2.0.1 TC_B_19_CS": "all criteria for components are supported: Active, Available, Enabled, Problem",
        "2.0.1 TC_E_54_CS": "vehicles that speak only by ISO 15118; every vehicle can charge by IEC 61851-1 here: TC_E_20_CS",
        "2.0.1 TC_H_13_CS": "an unspecified EVSE can be reserved; instead: TC_H_08_CS",
        "2.0.1 TC_K_12_CS": "both units, ampere and watt, are supported",
        "2.0.1 TC_K_42_CS": "both units, ampere and watt, are supported",
        "2.0.1 TC_L_11_CS": "a download is cancelled by a new order; instead: TC_L_10_CS",
        "2.0.1 TC_N_04_CS": "all criteria for monitors are supported; instead: TC_N_01_CS",
        "2.0.1 TC_N_07_CS": "all bases are supported; instead: TC_N_05_CS",
        "2.0.1 TC_N_34_CS": "both kinds of log are supported; instead: TC_N_25_CS and TC_N_35_CS",
        "2.0.1 TC_O_17_CS": "every priority is supported",
        "2.0.1 TC_O_18_CS": "every state is supported",
    },
    Reason.NO_UPDATE_MEANWHILE: {
        "2.0.1 TC_L_15_CS": "instead: TC_L_13_CS",
        "2.0.1 TC_L_16_CS": "instead: TC_L_13_CS",
    },
    Reason.NO_HARD_WIRE: {
        "2.0.1 TC_N_21_CS": "what is monitored from the beginning can be cleared and changed",
        "2.0.1 TC_N_44_CS": "what is monitored from the beginning can be cleared and changed",
    },
    Reason.NO_LOCK_SENSOR: {
        "2.0.1 TC_G_20_CS": "the connector is Faulted, its variable Problem is true, and nothing charges",
    },
    Reason.TAGS_ONLY: {
        "2.0.1 TC_N_62_CS": "instead: TC_N_30_CS, by idToken",
    },
    Reason.WITHDRAWN: {
        "2.0.1 TC_O_15_CS": "TariffCostCtrlr and DisplayMessageCtrlr have no language to choose by",
    },
}
"""Case by case, with what the reason means for it."""
ISO_15118 = "ISO 15118 Support"
SECURITY_BLOCKS = ("TC_A_", "TC_M_")
SECURITY_WORDS = re.compile(r"certificate|signature|new csms root", re.IGNORECASE)
SIGNED_FIRMWARE, PASSWORD = "UpdateFirmware(signed)", "BasicAuthPassword"
"""What the station does in a case about signatures or passwords whose name does not say so."""


class Listed(Protocol):
    """A case of the list."""

    @property
    def version(self) -> str:
        """Of OCPP."""

    @property
    def id(self) -> str:
        """TC_…_CS."""

    @property
    def profile(self) -> str:
        """Of the certification."""

    @property
    def name(self) -> str:
        """What it is about."""

    @property
    def expect(self) -> str:
        """What the station must do."""

    @property
    def requirement(self) -> str:
        """As a mark names it."""


def not_applicable(case: Listed) -> tuple[Reason, str] | None:
    """Why a case does not apply, and what that means for it; None: it does."""
    if case.version == "2.0.1" and case.profile == ISO_15118:
        return Reason.ISO_15118, ""
    for reason, cases in NAMED.items():
        if case.requirement in cases:
            return reason, cases[case.requirement]
    return None


def deferred(case: Listed) -> bool:
    """The rule of the security and certificate cases that apply: they come with a later issue, also those that belong to Core."""
    if not_applicable(case) is not None:
        return False
    if case.version == "1.6":
        return case.profile == "Security"
    signed = SECURITY_WORDS.search(case.name) is not None or SIGNED_FIRMWARE in case.expect or PASSWORD in case.expect
    return case.id.startswith(SECURITY_BLOCKS) or signed
