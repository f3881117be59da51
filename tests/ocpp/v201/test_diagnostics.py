"""Block N: logs and customers."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from bridge.core.backend import CustomerForgotten, LogRequested
from bridge.core.effects import Outcome
from bridge.core.orders import LogJob, LogKind
from bridge.core.values import IdTag, TagInfo, Verdict
from bridge.ocpp.dialect import Context, Reply
from bridge.ocpp.v201.diagnostics import DATA_MAX
from bridge.ocpp.validation import Kind, Version
from tests.ocpp.official import payloads
from tests.ocpp.v201.desk import REQUEST, handled, spelt, status
from tests.ocpp.worlds import NOW_TEXT, STAMP, asked, charge_point

URL = "sftp://ada@files.example/in/"
TOKEN = {"idToken": "04EE", "type": "ISO14443"}
KNOWN = TagInfo(verdict=Verdict.ACCEPTED, group="FLEET", expires_ms=1_795_341_600_000)


def at(**state: Any) -> Context:  # noqa: ANN401 - a field of the state
    here = charge_point()
    return asked(replace(here, rules=replace(here.rules, file_hosts=("files.example",)), **state))


def order(kind: str = "DiagnosticsLog", **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a payload's field
    return {"logType": kind, "requestId": 5, "log": {"remoteLocation": URL} | fields}


# --- logs -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(LogKind))
def test_a_log_is_promised_by_the_name_of_its_file(kind: LogKind) -> None:
    payload = order(kind.value, oldestTimestamp="2026-11-22T10:00:00Z") | {"retries": 1, "retryInterval": 7}
    told = handled("GetLog", payload, at())
    assert isinstance(told, Reply)
    assert isinstance(told.event, LogRequested)
    assert told.payload["status"] == "Accepted"
    assert told.event.job == LogJob(
        id=5, kind=kind, location=URL, file=told.payload["filename"], oldest_ms=1_795_341_600_000, retries=1, retry_s=7
    )


def test_a_second_request_cancels_the_first() -> None:
    """N01.FR.12."""
    busy = at(log_job=LogJob(id=4, kind=LogKind.SECURITY, location=URL))
    told = handled("GetLog", order(), busy)
    assert isinstance(told, Reply)
    assert told.payload["status"] == "AcceptedCanceled"


@pytest.mark.parametrize("url", ["sftp://elsewhere.example/", "file:///etc/passwd", ""])
def test_nothing_goes_to_a_host_that_is_not_listed(url: str) -> None:
    assert status("GetLog", order(remoteLocation=url), at()) == ("Rejected", "InvalidURL")


# --- customers --------------------------------------------------------------------------------------------------------------------


def customer(*, report: bool = True, clear: bool = False, **who: Any) -> dict[str, Any]:  # noqa: ANN401 - a payload's field
    return {"requestId": 9, "report": report, "clear": clear} | who


def ask(payload: dict[str, Any], context: Context) -> tuple[list[dict[str, Any]], CustomerForgotten | None]:
    told = handled("CustomerInformation", payload, context)
    assert isinstance(told, Reply)
    assert told.payload == {"status": "Accepted"}
    assert isinstance(told.event, CustomerForgotten | None)
    return [message.payload for message in told.messages], told.event


def test_what_is_known_of_a_tag_is_told() -> None:
    parts, event = ask(customer(idToken=TOKEN), replace(at(), known=lambda _: KNOWN))
    data = "authorization cache: 04EE Accepted, group FLEET, until 2026-11-22T10:00:00.000Z"
    assert parts == [{"requestId": 9, "seqNo": 0, "generatedAt": NOW_TEXT, "data": data}]
    assert event is None


def test_whoever_is_on_the_list_is_told_from_there() -> None:
    context = replace(at(), known=lambda _: KNOWN, listed=lambda _: TagInfo(verdict=Verdict.BLOCKED))
    parts, _ = ask(customer(idToken=TOKEN), context)
    assert [part["data"] for part in parts] == ["local authorization list: 04EE Blocked"]


@pytest.mark.parametrize("who", [{"idToken": TOKEN}, {"customerIdentifier": "Ada"}])
def test_where_nothing_is_known_one_message_says_so(who: dict[str, Any]) -> None:
    parts, _ = ask(customer(**who), at())
    assert [part["data"] for part in parts] == ["nothing is stored"]


def test_a_long_report_comes_in_parts() -> None:
    """N09.FR.05: every part but the last one says that there is more."""
    context = replace(at(), known=lambda _: replace(KNOWN, group="X" * 2 * DATA_MAX))
    parts, _ = ask(customer(idToken=TOKEN), context)
    assert [(part["seqNo"], part.get("tbc")) for part in parts] == [(0, True), (1, True), (2, None)]


def test_whoever_is_to_be_forgotten_is() -> None:
    forgotten = CustomerForgotten(request=REQUEST, tag=IdTag(text="04EE"), **STAMP)
    known = replace(at(), known=lambda _: KNOWN)
    parts, event = ask(customer(report=True, clear=True, idToken=TOKEN), known)
    assert "Accepted" in parts[0]["data"]
    assert event == forgotten
    parts, event = ask(customer(report=False, clear=True, idToken=TOKEN), known)
    assert [part["data"] for part in parts] == ["cleared"]
    assert event == forgotten
    parts, event = ask(customer(report=False, clear=True, customerIdentifier="Ada"), known)
    assert len(parts) == 1
    assert event is None


@pytest.mark.parametrize(
    "payload, told",
    [
        (customer(), ("Invalid", "MissingParam")),
        (customer(report=False, clear=True), ("Invalid", "MissingParam")),
        (customer(report=False, idToken=TOKEN), ("Rejected", "MissingParam")),
    ],
)
def test_a_request_for_nobody_or_nothing_is_no_request(payload: dict[str, Any], told: tuple[str, str]) -> None:
    assert status("CustomerInformation", payload, at()) == told


# --- both -------------------------------------------------------------------------------------------------------------------------


def test_the_cores_answers_are_spelt() -> None:
    """They come after the reply and nobody waits for them; spelt they are all the same."""
    assert spelt("GetLog", Outcome.CANCELED) == {"status": "AcceptedCanceled"}
    assert spelt("CustomerInformation", Outcome.ACCEPTED) == {"status": "Accepted"}


@given(payloads("GetLog", Kind.REQUEST, Version.V201))
def test_whatever_the_schema_lets_through_of_logs_is_answered(payload: dict[str, Any]) -> None:
    payload["log"]["remoteLocation"] = URL
    handled("GetLog", payload, at())


@given(payloads("CustomerInformation", Kind.REQUEST, Version.V201))
def test_whatever_the_schema_lets_through_of_customers_is_answered(payload: dict[str, Any]) -> None:
    handled("CustomerInformation", payload, replace(at(), known=lambda _: KNOWN))
