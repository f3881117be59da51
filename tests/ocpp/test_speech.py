"""The version a connection agreed on, and what a job says in it."""

from dataclasses import replace

from bridge.core.effects import AnnounceReading
from bridge.core.orders import LogTold, ReservationEnded
from bridge.ocpp.attempts import head_of
from bridge.ocpp.dialect import Nameplate, Outgoing
from bridge.ocpp.jobs import Announced, Beat, Boot, Deliver, Question, Told, Triggered
from bridge.ocpp.speech import Speech
from bridge.ocpp.v16.dialect import Dialect16
from bridge.ocpp.v201.dialect import Dialect201
from tests.ocpp.stations import FakeStation, Row, question
from tests.ocpp.worlds import READING, START

NAMEPLATE = Nameplate(vendor="Example", model="Carport")


def speech(station: FakeStation | None = None) -> Speech:
    return Speech(station or FakeStation(), [Dialect201(), Dialect16()], NAMEPLATE)


def test_before_any_agreement_it_is_the_preferred_one() -> None:
    made = speech()
    assert made.version.value == "ocpp2.0.1"
    assert not made.agree("ocpp2.0.1"), "nothing new"
    assert made.agree("ocpp1.6")
    assert made.version.value == "ocpp1.6"


def test_why_it_registers_is_what_was_kept_or_that_it_was_asked_to() -> None:
    station = FakeStation()
    station.state = replace(station.state, kept=replace(station.state.kept, boot_reason="RemoteReset"))
    made = speech(station)
    told = [made.render(Boot()), made.render(Boot(triggered=True))]
    assert [one and one.payload["reason"] for one in told] == ["RemoteReset", "Triggered"]
    made.agree("ocpp1.6")
    assert made.render(Boot(triggered=True)) == made.render(Boot()), "1.6 has no word for it"


def test_every_job_is_said_in_the_version_in_force() -> None:
    made = speech()
    ready = Outgoing("StatusNotification", {})
    row = Row(id=1, record=START)  # type: ignore[arg-type]  # any number
    jobs: list[Beat | Question | Announced | Triggered | Told | Deliver] = [
        Beat(),
        Question(effect=question(), until_s=1),
        Announced(AnnounceReading(reading=READING)),
        Triggered(ready),
        Told(ready),
        Deliver(head_of(row)),
    ]

    def said() -> list[str | None]:
        return [None if told is None else told.action for told in (made.render(job) for job in jobs)]

    assert said() == ["Heartbeat", "Authorize", "MeterValues", "StatusNotification", "StatusNotification", None]
    made.agree("ocpp1.6")
    assert said() == ["Heartbeat", "Authorize", "MeterValues", "StatusNotification", "StatusNotification", "StartTransaction"]


def test_a_record_is_said_again_as_it_was_said_before() -> None:
    head = head_of(Row(id=1, record=START))  # type: ignore[arg-type]  # any number
    head.outgoing = Outgoing("StartTransaction", {"as": "before"})
    assert speech().render(Deliver(head)) is head.outgoing


def test_a_notice_remembers_what_it_is_about() -> None:
    """Another version spells it anew, or has no word for it."""
    made, notice = speech(), LogTold(job=1, status="Uploading")
    (told,) = made.notice(notice)
    assert (told.outgoing.action, told.notice) == ("LogStatusNotification", notice)
    made.agree("ocpp1.6")
    assert [one.outgoing.action for one in made.notice(notice)] == ["DiagnosticsStatusNotification"]
    assert made.notice(ReservationEnded(id=1, expired=True)) == ()
