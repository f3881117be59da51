"""Block C, authorization: Authorize, ClearCache, and how tags are written and read. Pure."""

from collections.abc import Mapping

from bridge.core.backend import CacheClearRequested
from bridge.core.effects import Outcome
from bridge.core.values import IdTag, TagInfo, TagKind, Verdict
from bridge.errors import CsmsRefused
from bridge.ocpp.answers import group, word
from bridge.ocpp.dialect import Context, Handled, Handler, JsonObject, Outgoing, Passed, Words
from bridge.ocpp.times import from_iso
from bridge.ocpp.v201.evse import EVSE
from bridge.ocpp.v201.refusals import declined
from bridge.ocpp.v201.variable import Variable

TAG_MAX = 36
"""Of IdTokenType. A longer tag is refused at the tap."""
HEX = frozenset("0123456789ABCDEFabcdef")
LENGTHS: Mapping[int, TagKind] = {8: TagKind.ISO14443, 14: TagKind.ISO14443, 20: TagKind.ISO14443, 16: TagKind.ISO15693}
"""What a card's number is by its length in hexadecimal digits (design.md §2 "Identity"): four, seven or ten bytes, or eight."""


# --- tags -------------------------------------------------------------------------------------------------------------------------


def id_token(tag: IdTag) -> JsonObject:
    """An IdTokenType."""
    return {"idToken": tag.text[:TAG_MAX], "type": kind_of(tag).value}


def kind_of(tag: IdTag) -> TagKind:
    """What sort of token it is: as told, else by its length."""
    if tag.kind is not None:
        return tag.kind
    return LENGTHS.get(len(tag.text), TagKind.CENTRAL) if HEX.issuperset(tag.text) else TagKind.CENTRAL


def tag_of(token: JsonObject) -> IdTag | None:
    """The tag of an IdTokenType; None for NoAuthorization, which names nobody."""
    kind = word(TagKind, token["type"])
    return None if kind is None or not token["idToken"] else IdTag(text=token["idToken"], kind=kind)


def tag_info(payload: JsonObject) -> TagInfo | None:
    """`idTokenInfo` of an answer or a list; None where it has no status."""
    info = payload.get("idTokenInfo")
    if not isinstance(info, dict) or not isinstance(info.get("status"), str):
        return None
    token = info.get("groupIdToken")
    # a status that nobody knows is an answer, and it is not a yes
    verdict = word(Verdict, info["status"]) or Verdict.INVALID
    evses = info.get("evseId")
    if verdict is Verdict.ACCEPTED and isinstance(evses, list) and evses and EVSE not in evses:
        # "only valid for one or more specific EVSEs": not for ours
        verdict = Verdict.NOT_ALLOWED_HERE
    return TagInfo(
        verdict=verdict,
        group=group(token.get("idToken")) if isinstance(token, dict) else None,
        expires_ms=from_iso(info.get("cacheExpiryDateTime")),
    )


# --- Authorize --------------------------------------------------------------------------------------------------------------------


def authorize(tag: IdTag) -> Outgoing:
    """AuthorizeRequest."""
    return Outgoing("Authorize", {"idToken": id_token(tag)})


def authorized(payload: JsonObject) -> TagInfo:
    """Read AuthorizeResponse. Raises CsmsRefused without a status."""
    info = tag_info(payload)
    if info is None:
        raise CsmsRefused("the answer to Authorize has no status")
    return info


# --- ClearCache -------------------------------------------------------------------------------------------------------------------


def _clear_cache(_: JsonObject, context: Context) -> Handled:
    # TC_C_38: with the cache switched off there is none to clear
    if not context.state.settings.cache_enabled:
        return declined("NotEnabled")
    return Passed(event=CacheClearRequested(request=context.request, **context.stamp))


HANDLERS: Mapping[str, Handler] = {"ClearCache": _clear_cache}
ANSWERS: Mapping[str, Words] = {"ClearCache": (frozenset({Outcome.ACCEPTED}), "Rejected")}
VARIABLES: tuple[Variable, ...] = ()
