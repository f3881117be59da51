"""What list and cache say of a tag, and what their word is worth: questions that change nothing (1.6 §3.4-3.6, 2.0.1 C09-C16)."""

from bridge.core.state import State
from bridge.core.values import TagInfo, Verdict, tag_key

SECOND_MS = 1000


def usable(state: State, known: TagInfo | None) -> TagInfo | None:
    """What is known here, where its source is in use and it has not grown old."""
    settings = state.settings
    if known is None or not (settings.list_enabled if known.listed else settings.cache_enabled) or _is_old(state, known):
        return None
    return known


def _is_old(state: State, known: TagInfo) -> bool:
    life_ms = state.settings.cache_life_s * SECOND_MS
    return life_ms > 0 and known.stored_ms is not None and state.now.utc_ms >= known.stored_ms + life_ms


def usable_offline(state: State, known: TagInfo | None) -> TagInfo | None:
    """What is known here, where it may stand in for the backend (`local_authorize_offline`)."""
    return usable(state, known) if state.settings.local_authorize_offline else None


def is_unknown(state: State, known: TagInfo | None) -> bool:
    """Whether nobody here has heard of it. A no counts for ever, even where it is not in use: that tag is no stranger."""
    return known is None or (known.verdict is Verdict.ACCEPTED and _is_old(state, known))


def needs_no_question(state: State, known: TagInfo | None) -> bool:
    """Whether list or cache say yes and that is enough, although the backend is there."""
    here, settings = usable(state, known), state.settings
    return here is not None and here.accepts(state.now.utc_ms) and (settings.local_pre_authorize or not settings.ask_backend)


def is_asked(state: State, known: TagInfo | None) -> bool:
    """Whether the backend is asked about a tag that `needs_no_question` does not let in."""
    here, settings = usable(state, known), state.settings
    if here is None or here.accepts(state.now.utc_ms):
        return settings.ask_backend
    # 2.0.1 C12, C14: the backend may have changed its mind, unless it said that its no is final (DisablePostAuthorize)
    return settings.ask_backend and not (settings.list_final if here.listed else settings.cache_final)


def verdict_now(state: State, known: TagInfo) -> Verdict:
    """What is known of it, its expiry included."""
    return Verdict.EXPIRED if known.verdict is Verdict.ACCEPTED and not known.accepts(state.now.utc_ms) else known.verdict


def is_master_pass(state: State, group: str | None) -> bool:
    """Whether tags of this group end anybody's session and begin none (2.0.1 C16)."""
    master = state.settings.master_pass_group
    return bool(master) and group is not None and tag_key(group) == tag_key(master)
