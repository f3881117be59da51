"""Words of a vendor's own, between the backend and the flows on site (`bridge/core/vendors.py`)."""

import pytest

from bridge.core.backend import VendorMessageReceived
from bridge.core.effects import Answer, AskSite, Outcome
from bridge.core.events import VendorMessageAnswered, VendorReply
from bridge.core.values import RequestId
from bridge.core.vendors import ANSWER_S, WAITING_MAX
from tests.core.world import Bench, ready

VENDOR = "com.example"


def _says(bench: Bench, request: str = "r1", vendor: str = VENDOR) -> Outcome | None:
    bench.happens(VendorMessageReceived, request=RequestId(request), vendor=vendor, message="tariff", data='"0.35"')
    return bench.outcome


def _answers(bench: Bench, reply: VendorReply = VendorReply.ACCEPTED, *, request: str = "r1", data: str | None = None) -> list[Answer]:
    bench.happens(VendorMessageAnswered, request=RequestId(request), reply=reply, data=data)
    return bench.just_asked_for(Answer)


def _bench() -> Bench:
    return ready(vendors=(VENDOR,))


@pytest.mark.parametrize(
    "reply, outcome",
    [
        (VendorReply.ACCEPTED, Outcome.ACCEPTED),
        (VendorReply.REJECTED, Outcome.REJECTED),
        (VendorReply.UNKNOWN_MESSAGE, Outcome.UNKNOWN_MESSAGE),
    ],
)
def test_a_flow_answers(reply: VendorReply, outcome: Outcome) -> None:
    """What the backend says goes to the site as it came, and the site's answer goes back as it came."""
    bench = _bench()
    assert _says(bench) is None
    request = RequestId("r1")
    assert bench.just_asked_for(AskSite) == [AskSite(request=request, vendor=VENDOR, message="tariff", data='"0.35"')]
    assert _answers(bench, reply, data='{"shown":true}') == [Answer(request=request, outcome=outcome, data='{"shown":true}')]


def test_a_second_and_a_late_answer_find_nobody() -> None:
    bench = _bench()
    _says(bench)
    assert _answers(bench, request="r2") == []
    assert len(_answers(bench)) == 1
    assert _answers(bench) == []


@pytest.mark.requirement("1.6 TC_062_CS")
@pytest.mark.requirement("2.0.1 TC_P_01_CS")
@pytest.mark.parametrize("vendor", ["org.example.nobody", "COM.EXAMPLE", ""])
def test_a_vendor_nobody_has_configured_is_unknown_at_once(vendor: str) -> None:
    bench = _bench()
    assert _says(bench, vendor=vendor) is Outcome.UNKNOWN_VENDOR
    assert bench.just_asked_for(AskSite) == []


def test_silence_is_a_no() -> None:
    """The backend must not wait for a flow that is not there; each message has its own ten seconds."""
    bench = _bench()
    _says(bench)
    bench.passes(4)
    _says(bench, "r2")
    bench.passes(ANSWER_S - 4.5)
    assert bench.asked_for(Answer) == []
    bench.passes(0.5)
    assert bench.asked_for(Answer) == [Answer(request=RequestId("r1"), outcome=Outcome.REJECTED)]
    assert _answers(bench) == []
    bench.passes(4)
    assert [one.request for one in bench.asked_for(Answer)] == ["r1", "r2"]
    assert bench.state.transfers == ()


def test_without_the_broker_there_is_nobody_to_ask() -> None:
    bench = _bench()
    bench.loses_the_broker()
    assert _says(bench) is Outcome.REJECTED


def test_a_flood_is_refused() -> None:
    """Sixteen at a time are more than any backend asks."""
    bench = _bench()
    for number in range(WAITING_MAX):
        assert _says(bench, f"r{number}") is None
    assert _says(bench, "one-too-many") is Outcome.REJECTED
    _answers(bench, request="r3")
    assert _says(bench, "next") is None
