"""Block N, the part about files and people: GetLog, CustomerInformation. How an upload goes is told in `notices`. Pure."""

from collections.abc import Iterator, Mapping

from bridge.core.backend import CustomerForgotten, LogRequested
from bridge.core.effects import Outcome
from bridge.core.files import CANCELED
from bridge.core.orders import LogJob, LogKind
from bridge.core.values import IdTag, TagInfo
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Outgoing, Reply, Words
from bridge.ocpp.times import as_iso, from_iso
from bridge.ocpp.transfers import file_name, may_reach, retries, retry_s
from bridge.ocpp.v201.refusals import declined
from bridge.ocpp.v201.variable import Variable

DATA_MAX = 512
"""Of NotifyCustomerInformation.data; a longer report comes in parts (N09.FR.05)."""


def _get_log(payload: JsonObject, context: Context) -> Handled:
    log = payload["log"]
    if not may_reach(context.state, log["remoteLocation"]):
        return declined("InvalidURL")
    kind = LogKind(payload["logType"])
    job = LogJob(
        id=payload["requestId"],
        kind=kind,
        location=log["remoteLocation"],
        file=file_name(context, kind),
        oldest_ms=from_iso(log.get("oldestTimestamp")),
        newest_ms=from_iso(log.get("latestTimestamp")),
        retries=retries(payload.get("retries")),
        retry_s=retry_s(payload.get("retryInterval")),
    )
    # N01.FR.12: a second request while the first one is under way
    status = "Accepted" if context.state.log_job is None else CANCELED
    event = LogRequested(request=context.request, job=job, **context.stamp)
    return Reply(payload={"status": status, "filename": job.file}, event=event)


# --- customers --------------------------------------------------------------------------------------------------------------------


def _customer_information(payload: JsonObject, context: Context) -> Handled:
    report, clear = payload["report"], payload["clear"]
    token = payload.get("idToken")
    if not (report or clear):
        return declined("MissingParam")
    # N09.FR.03: without anybody to tell of, the request is Invalid
    if token is None and "customerIdentifier" not in payload and "customerCertificate" not in payload:
        return declined("MissingParam", "Invalid")
    # a tag is all the bridge knows people by; of certificates and of names a central system coined it has nothing
    tag = None if token is None else IdTag(text=token["idToken"])
    found = "" if tag is None or not report else "\n".join(_stored(tag, context))
    parts = tuple(_parts(found or _said(report=report), payload["requestId"], context))
    forgotten = None if tag is None or not clear else CustomerForgotten(request=context.request, tag=tag, **context.stamp)
    return Reply(payload={"status": "Accepted"}, messages=parts, event=forgotten)


def _said(*, report: bool) -> str:
    return "nothing is stored" if report else "cleared"


def _stored(tag: IdTag, context: Context) -> Iterator[str]:
    """What is known of whoever holds a tag, line by line."""
    listed, known = context.listed(tag), context.known(tag)
    # whoever is on the list is not looked for in the cache
    for where, info in (("local authorization list", listed), ("authorization cache", known if listed is None else None)):
        if info is not None:
            yield f"{where}: {tag.text} {_described(info)}"


def _described(info: TagInfo) -> str:
    told = info.verdict.value
    if info.group is not None:
        told += f", group {info.group}"
    return told if info.expires_ms is None else f"{told}, until {as_iso(info.expires_ms)}"


def _parts(text: str, request: int, context: Context) -> Iterator[Outgoing]:
    texts = [text[at : at + DATA_MAX] for at in range(0, len(text), DATA_MAX)]
    for number, part in enumerate(texts):
        told: JsonObject = {"requestId": request, "seqNo": number, "generatedAt": as_iso(context.stamp["at"].utc_ms), "data": part}
        # N09.FR.06: one that is alone, and the last one of several, leave "to be continued" out
        yield Outgoing("NotifyCustomerInformation", told if number == len(texts) - 1 else told | {"tbc": True})


HANDLERS: Mapping[str, Handler] = {"GetLog": _get_log, "CustomerInformation": _customer_information}
ANSWERS: Mapping[str, Words] = {
    "GetLog": (frozenset({Outcome.ACCEPTED, Outcome.REJECTED, Outcome.CANCELED}), "Rejected"),
    "CustomerInformation": (frozenset({Outcome.ACCEPTED, Outcome.REJECTED}), "Rejected"),
}
VARIABLES: tuple[Variable, ...] = ()
