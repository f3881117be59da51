"""Block L: firmware."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from bridge.core.backend import FirmwareRequested
from bridge.core.effects import Outcome
from bridge.core.orders import FirmwareJob
from bridge.core.settings import Ability
from bridge.ocpp.dialect import Context, Passed, Refusal
from bridge.ocpp.v201 import firmware
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import payloads
from tests.ocpp.v201.desk import REQUEST, handled, spelt, status
from tests.ocpp.worlds import STAMP, asked, charge_point

URL = "https://files.example/fw.bin"
WHEN = "2026-11-22T10:00:00Z"


def able(*abilities: Ability) -> Context:
    state = charge_point()
    return asked(replace(state, rules=replace(state.rules, can=frozenset(abilities), file_hosts=("files.example",))))


ABLE = able(Ability.FIRMWARE)


def order(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a payload's field
    return {"requestId": 5, "firmware": {"location": URL, "retrieveDateTime": WHEN} | fields}


def test_signed_firmware_goes_to_the_hardware_as_it_came() -> None:
    """The bridge looks at no signature: what fetches the file checks it."""
    payload = order(installDateTime="2026-11-22T11:00:00Z", signingCertificate="PEM", signature="SIGN") | {
        "retries": 3,
        "retryInterval": 10,
    }
    job = FirmwareJob(
        id=5,
        location=URL,
        retrieve_ms=1_795_341_600_000,
        install_ms=1_795_345_200_000,
        retries=3,
        retry_s=10,
        certificate="PEM",
        signature="SIGN",
    )
    assert handled("UpdateFirmware", payload, ABLE) == Passed(event=FirmwareRequested(request=REQUEST, job=job, **STAMP))


def test_unsigned_firmware_is_the_hardwares_to_refuse() -> None:
    told = handled("UpdateFirmware", order(), ABLE)
    assert isinstance(told, Passed)
    assert isinstance(told.event, FirmwareRequested)
    assert (told.event.job.certificate, told.event.job.signature) == (None, None)


@pytest.mark.parametrize(
    "payload, reason",
    [
        (order(location="https://elsewhere.example/fw.bin"), "InvalidURL"),
        (order(location="no place"), "InvalidURL"),
        (order(signature="SIGN"), "MissingParam"),
        (order(signingCertificate="PEM"), "MissingParam"),
    ],
)
def test_what_can_not_be_right_is_rejected_with_its_reason(payload: dict[str, Any], reason: str) -> None:
    assert status("UpdateFirmware", payload, ABLE) == ("Rejected", reason)


def test_without_the_hardware_for_it_the_action_is_not_supported() -> None:
    told = handled("UpdateFirmware", order(), able(Ability.LIMIT))
    assert isinstance(told, Refusal)
    assert told.code == "NotSupported"


@pytest.mark.parametrize(
    "outcome, word",
    [
        (Outcome.ACCEPTED, "Accepted"),
        (Outcome.CANCELED, "AcceptedCanceled"),
        (Outcome.REJECTED, "Rejected"),
        (Outcome.NOT_SUPPORTED, "Rejected"),
    ],
)
def test_the_cores_answer_in_the_words_of_the_message(outcome: Outcome, word: str) -> None:
    assert spelt("UpdateFirmware", outcome) == {"status": word}


@given(payloads("UpdateFirmware", Kind.REQUEST, Version.V201))
def test_whatever_the_schema_lets_through_is_answered(payload: dict[str, Any]) -> None:
    payload["firmware"]["location"] = URL
    handled("UpdateFirmware", payload, ABLE)


def test_the_block_has_no_variables() -> None:
    assert firmware.VARIABLES == ()
