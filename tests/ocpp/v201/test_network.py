"""Block B, network profiles: what is put into a slot, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from bridge.core.backend import NoteRequested
from bridge.core.effects import Outcome
from bridge.core.state import State
from bridge.ocpp.dialect import Context, Passed, Reply
from bridge.ocpp.networks import NOTE, Network, Profile, read
from bridge.ocpp.v201 import requests
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import assert_valid, payloads
from tests.ocpp.v201.desk import handled, spelt, status
from tests.ocpp.worlds import asked, charge_point

NETWORK = Network(security=1, protocols=("ocpp2.0.1", "ocpp1.6"), hosts=frozenset({"new.example"}), identity="CP1", authenticates=True)
PROFILE = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "ws://new.example/ocpp",
    "messageTimeout": 30,
    "securityProfile": 1,
    "ocppInterface": "Wired0",
}
APN = {"apn": "internet", "apnAuthentication": "CHAP", "apnPassword": "geheim", "simPin": 1234}
VPN = {"server": "vpn.example", "user": "me", "password": "geheim", "key": "geheim", "type": "IPSec"}


def put(slot: int = 2, **change: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a profile
    return {"configurationSlot": slot, "connectionData": {**PROFILE, **change}}


def here(state: State | None = None) -> Context:
    return replace(asked(state), network=NETWORK)


@pytest.mark.requirement("2.0.1 TC_B_45_CS")
@pytest.mark.parametrize("slot", [2, 3])
def test_a_slot_is_filled_by_the_core_and_answered_after_the_commit(slot: int) -> None:
    told = handled("SetNetworkProfile", put(slot), here())
    assert isinstance(told, Passed)
    assert isinstance(told.event, NoteRequested)
    assert told.event.name == NOTE
    filled = read({NOTE: told.event.text or ""})
    assert filled == {slot: Profile(url="ws://new.example/ocpp", protocol="ocpp2.0.1", security=1, timeout_s=30)}
    assert spelt("SetNetworkProfile", Outcome.ACCEPTED) == {"status": "Accepted"}
    assert spelt("SetNetworkProfile", Outcome.FAILED) == {"status": "Rejected"}


def test_the_other_slots_stay_and_the_same_one_is_replaced() -> None:
    state = charge_point()
    for slot, url in ((2, "ws://new.example/a"), (3, "ws://new.example/b"), (2, "ws://new.example/c")):
        told = handled("SetNetworkProfile", put(slot, ocppCsmsUrl=url), here(state))
        assert isinstance(told, Passed)
        assert isinstance(told.event, NoteRequested)
        state = replace(state, kept=replace(state.kept, notes={NOTE: told.event.text or ""}))
    assert {slot: one.url for slot, one in read(state.kept.notes).items()} == {2: "ws://new.example/c", 3: "ws://new.example/b"}


@pytest.mark.requirement("2.0.1 TC_B_43_CS")
@pytest.mark.parametrize(
    "payload, reason",
    [
        (put(999), "InvalidConfSlot"),
        (put(0), "InvalidConfSlot"),
        (put(-1), "InvalidConfSlot"),
        (put(4), "InvalidConfSlot"),
        (put(1), "InvalidConfSlot"),
        (put(ocppTransport="SOAP"), "UnsupportedParam"),
        (put(ocppVersion="OCPP15"), "UnsupportedParam"),
        (put(apn=APN), "UnsupportedParam"),
        (put(vpn=VPN), "UnsupportedParam"),
        (put(securityProfile=0), "NoSecurityDowngrade"),
        (put(ocppCsmsUrl="ws://elsewhere.example"), "InvalidURL"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_can_not_be_done_is_refused(payload: dict[str, Any], reason: str) -> None:
    assert status("SetNetworkProfile", payload, here()) == ("Rejected", reason)


def test_both_versions_that_are_offered_can_be_named() -> None:
    assert isinstance(handled("SetNetworkProfile", put(ocppVersion="OCPP16"), here()), Passed)
    alone = replace(here(), network=replace(NETWORK, protocols=("ocpp2.0.1",)))
    assert status("SetNetworkProfile", put(ocppVersion="OCPP16"), alone) == ("Rejected", "UnsupportedParam")


@given(payload=payloads("SetNetworkProfile", Kind.REQUEST, Version.V201))
def test_whatever_the_schema_allows_is_answered(payload: dict[str, Any]) -> None:
    """Nothing of it is repeated in the answer."""
    told = requests.handle("SetNetworkProfile", payload, here())
    if isinstance(told, Reply):
        assert_valid("SetNetworkProfile", Kind.RESPONSE, told.payload, Version.V201)
        assert set(told.payload["statusInfo"]) == {"reasonCode"}
    else:
        assert isinstance(told, Passed)
