"""OCPP 2.0.1, blocks O and I: what drivers are to read, and what it costs them. A display is whoever follows MQTT."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.laboratory import PARTNER
from tests.conformance.laboratory201 import Station201, bench201
from tests.conformance.times import soon

pytestmark = pytest.mark.asyncio(loop_scope="module")

ALWAYS, IN_FRONT, IN_TURN = "AlwaysFront", "InFront", "NormalCycle"


def text(number: int, priority: str = IN_TURN, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a payload's field
    """A MessageInfoType."""
    return {"id": number, "priority": priority, "message": {"format": "UTF8", "language": "en", "content": f"Text {number}"}, **fields}


async def sets(station: Station201, *texts: dict[str, Any]) -> None:
    """SetDisplayMessage of each, which must be Accepted."""
    for one in texts:
        assert await station.answers("SetDisplayMessage", message=one) == "Accepted", one


async def gets(station: Station201, **wanted: Any) -> list[dict[str, Any]] | str:  # noqa: ANN401 - a payload's field
    """GetDisplayMessages: all that NotifyDisplayMessages brings, or why nothing comes."""
    request = next(station.numbers)
    status = await station.answers("GetDisplayMessages", requestId=request, **wanted)
    if status != "Accepted":
        return status
    return [one for part in await station.parts("NotifyDisplayMessages", requestId=request) for one in part.payload["messageInfo"]]


async def shows(station: Station201, *texts: dict[str, Any]) -> None:
    """Exactly these are to be seen, the most important first; waits for it."""
    seen = [
        {
            "id": one["id"],
            "priority": one["priority"],
            "text": one["message"]["content"],
            "language": one["message"].get("language"),
            "session": one.get("transactionId"),
            "until": one.get("endDateTime"),
        }
        for one in texts
    ]
    await station.topics.shows(f"charge_point/{station.name}/display", json.dumps(seen, separators=(",", ":")))


# --- set, replaced, cleared -------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_O_01_CS")
@pytest.mark.requirement("2.0.1 TC_O_12_CS")
async def test_a_text_is_set_and_replaced(station201: Station201) -> None:
    """It is shown, and reported as it came."""
    await shows(station201)
    await sets(station201, text(1))
    await shows(station201, text(1))
    assert await gets(station201, id=[1]) == [text(1)]
    other = text(1, IN_FRONT, message={"format": "ASCII", "content": "Another"})
    await sets(station201, other)
    await shows(station201, other)
    assert await gets(station201) == [other]


@pytest.mark.requirement("2.0.1 TC_O_02_CS")
@pytest.mark.requirement("2.0.1 TC_O_03_CS")
@pytest.mark.requirement("2.0.1 TC_O_07_CS")
@pytest.mark.requirement("2.0.1 TC_O_08_CS")
@pytest.mark.requirement("2.0.1 TC_O_09_CS")
@pytest.mark.requirement("2.0.1 TC_O_11_CS")
@pytest.mark.requirement("2.0.1 TC_O_33_CS")
@pytest.mark.requirement("2.0.1 TC_O_34_CS")
@pytest.mark.requirement("2.0.1 TC_O_35_CS")
async def test_texts_are_asked_for(station201: Station201) -> None:
    """All of them, by number, by priority, by state; what does not fit in every respect is unknown, and so is everything where is none."""
    assert await gets(station201) == "Unknown"
    assert await gets(station201, id=[1]) == "Unknown"
    one, two, three = text(1), text(2, IN_FRONT, state="Charging"), text(3, IN_FRONT)
    await sets(station201, one, two, three)
    assert await gets(station201) == [one, two, three]
    assert await gets(station201, id=[3, 1]) == [one, three]
    assert await gets(station201, priority=IN_FRONT) == [two, three]
    assert await gets(station201, state="Charging") == [two]
    assert await gets(station201, id=[9]) == "Unknown"
    assert await gets(station201, id=[2], state="Idle") == "Unknown"
    assert await gets(station201, id=[2], priority=IN_TURN) == "Unknown"
    assert await station201.get("DisplayMessageCtrlr.DisplayMessages") == "3"


@pytest.mark.requirement("2.0.1 TC_O_04_CS")
@pytest.mark.requirement("2.0.1 TC_O_05_CS")
async def test_a_text_is_cleared(station201: Station201) -> None:
    await sets(station201, text(1), text(2))
    assert await station201.answers("ClearDisplayMessage", id=3) == "Unknown"
    assert await station201.answers("ClearDisplayMessage", id=1) == "Accepted"
    await shows(station201, text(2))
    assert await gets(station201, id=[1]) == "Unknown"
    assert await station201.answers("ClearDisplayMessage", id=1) == "Unknown"


@pytest.mark.requirement("2.0.1 TC_O_19_CS")
@pytest.mark.parametrize("form", ["HTML", "URI"])
async def test_only_plain_text_can_be_shown(station201: Station201, form: str) -> None:
    """The formats that can be shown are in the device model."""
    formats = (await station201.get("DisplayMessageCtrlr.SupportedFormats")).split(",")
    assert form not in formats
    told = text(1, message={"format": form, "content": "https://example.com/<b>"})
    assert await station201.answers("SetDisplayMessage", message=told) == "NotSupportedMessageFormat"
    assert await gets(station201) == "Unknown"


@pytest.mark.requirement("2.0.1 TC_O_22_CS")
@pytest.mark.requirement("2.0.1 TC_O_24_CS")
async def test_many_may_be_in_front_and_one_always(station201: Station201) -> None:
    """The newest that must always be in front takes the place of the one before."""
    await sets(station201, text(1), text(2, IN_FRONT), text(3, IN_FRONT), text(4, ALWAYS))
    await shows(station201, text(4, ALWAYS), text(2, IN_FRONT), text(3, IN_FRONT), text(1))
    await sets(station201, text(5, ALWAYS))
    await shows(station201, text(5, ALWAYS), text(2, IN_FRONT), text(3, IN_FRONT), text(1))
    assert await gets(station201, priority=ALWAYS) == [text(5, ALWAYS)]
    assert await gets(station201, priority=IN_FRONT) == [text(2, IN_FRONT), text(3, IN_FRONT)]


@pytest.mark.requirement("2.0.1 TC_O_20_CS")
async def test_a_text_survives_a_power_cut(tmp_path: Path) -> None:
    async with bench201(tmp_path) as bench:
        await bench.switched_on()
        station = bench.station
        await sets(station, text(1), text(2, IN_FRONT))
        await bench.loses_power()
        assert await gets(station) == [text(1), text(2, IN_FRONT)]
        await shows(station, text(2, IN_FRONT), text(1))


# --- when -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_O_13_CS")
@pytest.mark.requirement("2.0.1 TC_O_14_CS")
async def test_a_text_begins_and_ends(station201: Station201) -> None:
    """Before its time it is kept, during it is shown, afterwards it is gone."""
    later, brief = text(1, startDateTime=soon(2)), text(2, endDateTime=soon(2))
    await sets(station201, later, brief)
    await shows(station201, brief)
    assert await gets(station201) == [later, brief]
    await shows(station201, later)
    assert await gets(station201) == [later]
    assert await gets(station201, id=[2]) == "Unknown"


@pytest.mark.requirement("2.0.1 TC_O_36_CS")
async def test_a_text_for_a_charging_station(station201: Station201) -> None:
    told = text(1, state="Charging")
    await sets(station201, told)
    await shows(station201)
    await station201.charges()
    await shows(station201, told)
    await station201.ends()
    await shows(station201)
    assert await gets(station201) == [told]


@pytest.mark.requirement("2.0.1 TC_O_37_CS")
async def test_a_text_for_an_idle_station(station201: Station201) -> None:
    told = text(1, state="Idle")
    await sets(station201, told)
    await shows(station201, told)
    await station201.charges()
    await shows(station201)
    await station201.ends()
    await shows(station201, told)


@pytest.mark.requirement("2.0.1 TC_O_38_CS")
async def test_a_text_for_a_station_out_of_service(station201: Station201) -> None:
    told = text(1, state="Unavailable")
    await sets(station201, told)
    await shows(station201)
    assert await station201.answers("ChangeAvailability", operationalStatus="Inoperative") == "Accepted"
    await shows(station201, told)
    assert await station201.answers("ChangeAvailability", operationalStatus="Operative") == "Accepted"
    await shows(station201)


@pytest.mark.requirement("2.0.1 TC_O_39_CS")
async def test_a_text_for_a_station_with_a_fault(station201: Station201) -> None:
    told = text(1, state="Faulted")
    await sets(station201, told)
    await shows(station201)
    await station201.box.break_down()
    await shows(station201, told)
    await station201.box.repair()
    await shows(station201)


# --- of a transaction -------------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("2.0.1 TC_O_06_CS")
@pytest.mark.requirement("2.0.1 TC_O_10_CS")
@pytest.mark.requirement("2.0.1 TC_O_30_CS")
@pytest.mark.requirement("2.0.1 TC_O_32_CS")
async def test_texts_of_a_transaction_go_with_it(station201: Station201) -> None:
    """While it runs they follow the same rules as all others; those of no transaction stay."""
    assert await station201.answers("SetDisplayMessage", message=text(1, transactionId="no-such")) == "UnknownTransaction"
    transaction = await station201.charges()
    own = [
        text(number, priority, transactionId=transaction) for number, priority in ((1, IN_FRONT), (2, IN_FRONT), (3, ALWAYS), (4, ALWAYS))
    ]
    everybody = text(5)
    await sets(station201, everybody, *own)
    await shows(station201, own[3], own[0], own[1], everybody)
    assert await gets(station201) == [everybody, own[0], own[1], own[3]]
    await station201.ends()
    await shows(station201, everybody)
    assert await gets(station201) == [everybody]
    assert await station201.answers("SetDisplayMessage", message=own[0]) == "UnknownTransaction"


@pytest.mark.requirement("2.0.1 TC_O_27_CS")
@pytest.mark.requirement("2.0.1 TC_O_28_CS")
async def test_texts_of_a_transaction_begin_and_end(station201: Station201) -> None:
    transaction = await station201.charges()
    later = text(1, startDateTime=soon(2), transactionId=transaction)
    brief = text(2, endDateTime=soon(2), transactionId=transaction)
    await sets(station201, later, brief)
    await shows(station201, brief)
    await shows(station201, later)
    assert await gets(station201) == [later]
    await station201.ends()
    await shows(station201)
    assert await gets(station201) == "Unknown"


# --- costs (block I) --------------------------------------------------------------------------------------------------------------


async def costs(station: Station201, cost: float, transaction: str) -> None:
    """This is what the driver is told; waits for it."""
    topic = f"charge_point/{station.name}/cost_update"
    await station.topics.hears(topic, cost=cost, currency="EUR", session=transaction)
    newest = station.topics.value(topic)
    assert newest is not None
    assert json.loads(newest)["cost"] == cost


@pytest.mark.requirement("2.0.1 TC_I_01_CS")
async def test_the_running_cost_is_shown(station201: Station201) -> None:
    """CostUpdated, as often as it comes; of another transaction it is answered and not shown."""
    transaction = await station201.charges()
    for cost in (1.25, 2):
        assert await station201.call("CostUpdated", totalCost=cost, transactionId=transaction) == {}
        await costs(station201, cost, transaction)
    assert await station201.call("CostUpdated", totalCost=99, transactionId="another") == {}
    await station201.settle()
    await costs(station201, 2, transaction)


@pytest.mark.requirement("2.0.1 TC_I_02_CS")
@pytest.mark.requirement("2.0.1 TC_I_07_CS")
async def test_the_cost_in_the_answers_is_shown(station201: Station201) -> None:
    """While it runs and in the end; with the next session it is gone."""
    await station201.set(**{"SampledDataCtrlr.TxUpdatedInterval": 1})
    transaction = await station201.charges()
    await station201.csms.answer("TransactionEvent", {"totalCost": 1.5}, identity=station201.identity, merge=True)
    await costs(station201, 1.5, transaction)
    await station201.set(**{"SampledDataCtrlr.TxUpdatedInterval": 0})
    await station201.settle()
    await station201.csms.answer("TransactionEvent", {"totalCost": 3.75}, identity=station201.identity, merge=True)
    await station201.ends()
    await costs(station201, 3.75, transaction)
    await station201.csms.answer_as_usual("TransactionEvent")
    await station201.charges(PARTNER)
    await station201.topics.shows(f"charge_point/{station201.name}/cost_update", "")
