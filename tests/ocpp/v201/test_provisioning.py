"""Block B: registration and reset."""

from dataclasses import replace

import pytest

from bridge.core.backend import ResetKind, ResetRequested
from bridge.core.effects import Outcome
from bridge.ocpp.dialect import Nameplate, Passed
from bridge.ocpp.v201.provisioning import boot, greetings
from tests.ocpp.v201.desk import REQUEST, handled, said, spelt, status
from tests.ocpp.worlds import NOW_TEXT, STAMP, charge_point

BOOT_REASONS = (
    "ApplicationReset",
    "FirmwareUpdate",
    "LocalReset",
    "PowerUp",
    "RemoteReset",
    "ScheduledReset",
    "Triggered",
    "Unknown",
    "Watchdog",
)


@pytest.mark.parametrize("reason", BOOT_REASONS)
def test_bootnotification_tells_what_is_known_and_nothing_else(reason: str) -> None:
    assert said(boot(Nameplate(vendor="go-e", model="Gemini flex 2.0", meter_type="WM"), reason)) == {
        "reason": reason,
        "chargingStation": {"vendorName": "go-e", "model": "Gemini flex 2.0"},
    }


def test_bootnotification_cuts_what_is_too_long() -> None:
    """A name cut short beats a station that can't register."""
    long = "x" * 100
    told = said(boot(Nameplate(vendor=long, model=long, serial=long, firmware=long), "PowerUp"))
    assert {name: len(text) for name, text in told["chargingStation"].items()} == {
        "vendorName": 50,
        "model": 20,
        "serialNumber": 25,
        "firmwareVersion": 50,
    }


@pytest.mark.parametrize(
    "reason, kind", [("PowerUp", "StartupOfTheDevice"), ("RemoteReset", "ResetOrReboot"), ("ScheduledReset", "ResetOrReboot")]
)
def test_a_station_that_has_started_says_so(reason: str, kind: str) -> None:
    state = charge_point()
    (told,) = greetings(replace(state, kept=replace(state.kept, boot_reason=reason)))
    assert (told.action, said(told)) == ("SecurityEventNotification", {"type": kind, "timestamp": NOW_TEXT})


# --- Reset ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word, kind", [("Immediate", ResetKind.IMMEDIATE), ("OnIdle", ResetKind.ON_IDLE)])
def test_a_reset_is_passed_on(word: str, kind: ResetKind) -> None:
    assert handled("Reset", {"type": word}) == Passed(event=ResetRequested(request=REQUEST, kind=kind, **STAMP))


@pytest.mark.requirement("2.0.1 TC_B_28_CS")
@pytest.mark.parametrize("evse", [0, 1, 2])
def test_an_evse_can_not_be_reset_alone(evse: int) -> None:
    assert status("Reset", {"type": "Immediate", "evseId": evse}) == ("Rejected", "UnsupportedParam")


@pytest.mark.parametrize("outcome, word", [(Outcome.ACCEPTED, "Accepted"), (Outcome.SCHEDULED, "Scheduled"), (Outcome.FAILED, "Rejected")])
def test_the_answer_is_the_cores(outcome: Outcome, word: str) -> None:
    assert spelt("Reset", outcome) == {"status": word}
