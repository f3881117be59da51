"""OCPP 2.0.1 as one object: everything it says is its blocks' own."""

from dataclasses import replace

import pytest

from bridge.clock import BUILT_MS
from bridge.core.effects import AnnounceReading, Answer, Outcome
from bridge.core.orders import LogTold
from bridge.core.settings import Settings
from bridge.core.values import ReadingContext, RecordId, RequestId, TxKind, Verdict
from bridge.errors import CsmsRefused
from bridge.ocpp.dialect import Dialect, Errand, Nameplate, Passed, Refusal, Registration
from bridge.ocpp.v201.dialect import Dialect201
from tests.ocpp.v201.desk import said, update
from tests.ocpp.worlds import NOW, NOW_TEXT, READING, SAMPLE, STAMP, TAG, asked, charge_point

OCPP = Dialect201()


def test_it_is_a_dialect() -> None:
    dialect: Dialect = OCPP
    assert (dialect.subprotocol, dialect.tag_length_max, dialect.speaks_of_transactions) == ("ocpp2.0.1", 36, True)


def test_registration_heartbeat_and_greeting() -> None:
    assert said(OCPP.boot(Nameplate(vendor="go-e", model="Gemini"), "PowerUp"))["reason"] == "PowerUp"
    answer = {"status": "Pending", "currentTime": NOW_TEXT, "interval": 60}
    assert OCPP.registered(answer).status is Registration.PENDING
    with pytest.raises(CsmsRefused):
        OCPP.registered({})
    assert said(OCPP.heartbeat()) == {}
    assert OCPP.heartbeat_ms({"currentTime": NOW_TEXT}) == NOW.utc_ms
    assert [one.action for one in OCPP.greetings(charge_point())] == ["SecurityEventNotification"]


def test_statuses_tags_and_notices() -> None:
    assert [one.action for one in OCPP.statuses(charge_point())] == ["StatusNotification"]
    assert said(OCPP.authorize(TAG))["idToken"]["type"] == "ISO14443"
    assert OCPP.authorized({"idTokenInfo": {"status": "Blocked"}}).verdict is Verdict.BLOCKED
    assert [one.action for one in OCPP.notice(LogTold(job=1, status="Uploading"), charge_point())] == ["LogStatusNotification"]


def test_readings_and_records() -> None:
    reading = replace(READING, context=ReadingContext.CLOCK)
    assert said(OCPP.reading(AnnounceReading(reading=reading), Settings()))["evseId"] == 1
    assert OCPP.reading(AnnounceReading(reading=replace(reading, utc_ms=BUILT_MS - 1)), Settings()) is None, "its time is unknown"
    told = OCPP.record(update(TxKind.STARTED), backend_id=None, start_parked=True, settings=Settings())
    assert said(told)["transactionInfo"] == {"transactionId": "session-1"}
    assert OCPP.record(SAMPLE, backend_id="7", start_parked=False, settings=Settings()) is None
    assert OCPP.delivered(RecordId(1), update(TxKind.STARTED), {}, STAMP).starts


@pytest.mark.parametrize("errand", Errand)
def test_every_errand_is_known(errand: Errand) -> None:
    """What is the link's or the core's says nothing here."""
    sent = {Errand.STATUS, Errand.FIRMWARE_STATUS, Errand.LOG_STATUS}
    told = [one.action for one in OCPP.errand(errand, charge_point(), None)]
    assert told == ([errand.value] if errand in sent else [])


def test_requests_and_refusals() -> None:
    assert isinstance(OCPP.handle("Reset", {"type": "OnIdle"}, asked()), Passed)
    told = OCPP.answer("Reset", Answer(request=RequestId("r"), outcome=Outcome.SCHEDULED), charge_point())
    assert told == {"status": "Scheduled"}
    assert OCPP.violation("required") == "OccurrenceConstraintViolation"
    assert isinstance(OCPP.unknown_action("MakeCoffee"), Refusal)


def test_the_configuration_may_set_variables() -> None:
    assert OCPP.initial({}, base=Settings()) == Settings()
    with pytest.raises(ValueError, match="Colour"):
        OCPP.initial({"Colour": "green"}, base=Settings())
