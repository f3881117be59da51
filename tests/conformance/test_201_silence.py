"""OCPP 2.0.1, block E: a central system that takes a TransactionEvent and says nothing. Each test has a bridge with little patience.

No answer in time is a dead connection here (design.md §4 rule 5): the station comes in anew and sends the same frame again.
"""

from pathlib import Path

import pytest

from tests.conformance.laboratory import TAG
from tests.conformance.laboratory201 import Bench201, Station201, bench201, settings201
from tests.peers.journal import Call

EVENT = "TransactionEvent"
TIMEOUT_S = 5
"""MessageTimeout[Default]: the shortest there is."""


async def silent(powered: Bench201, times: int) -> None:
    """On, a vehicle plugged, and the next events get no answer."""
    station = powered.station
    csms = settings201(station.csms, [])["csms"]
    csms["lab"]["call_timeout_s"] = TIMEOUT_S
    powered.process.configure(csms=csms)
    await powered.switched_on()
    await station.set(**{"OCPPCommCtrlr.MessageAttempts[TransactionEvent]": 2})
    await station.set(**{"OCPPCommCtrlr.MessageAttemptInterval[TransactionEvent]": 1})
    # silence counts where the connection is proven to be alive
    await station.set(**{"OCPPCommCtrlr.WebSocketPingInterval": 1})
    await station.plugs()
    await station.csms.answer(EVENT, silence=True, times=times)


def starts(station: Station201) -> list[Call]:
    """Every transmission of the first event, answered or not."""
    return station.csms.calls(EVENT, station.identity, eventType="Started")


@pytest.mark.requirement("2.0.1 TC_E_41_CS")
async def test_what_is_never_answered_is_given_up(tmp_path: Path) -> None:
    """As often as MessageAttempts says; then the next message goes. It is kept for the operator."""
    async with bench201(tmp_path) as powered:
        station = powered.station
        await silent(powered, times=2)
        assert (await station.box.tap(TAG)).led == "green"
        await station.box.charge()
        await station.topics.shows(f"charge_point/{station.name}/ocpp/parked", "1", timeout_s=6 * TIMEOUT_S)
        await station.state("Charging")
        sent = starts(station)
        assert len(sent) == 2
        assert sent[0].payload == sent[1].payload
        assert sent[1].frame.at_ms - sent[0].frame.at_ms >= TIMEOUT_S * 1000


@pytest.mark.requirement("2.0.1 TC_E_42_CS")
async def test_what_is_answered_in_the_end_is_told_once_more(tmp_path: Path) -> None:
    async with bench201(tmp_path) as powered:
        station = powered.station
        await silent(powered, times=1)
        assert (await station.box.tap(TAG)).led == "green"
        await station.box.charge()
        await station.csms.saw(EVENT, station.identity, eventType="Started", timeout_s=4 * TIMEOUT_S)
        await station.state("Charging")
        sent = starts(station)
        assert len(sent) == 2
        assert sent[0].frame.text == sent[1].frame.text, "the same frame, under the same id"
        await station.topics.shows(f"charge_point/{station.name}/ocpp/parked", "0")
