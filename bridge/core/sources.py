"""What the sources of energy management say, merged: the last word of each counts until it is taken back (design.md §2)."""

from dataclasses import replace

from bridge.core.alerts import PASSING_S, AlertId
from bridge.core.draft import Draft
from bridge.core.energy import missing_sources
from bridge.core.events import EnergyManaged, Unset
from bridge.core.state import Source

SOURCES_MAX = 32
"""Sources of energy management per charge point: a site has a handful; a flood of invented names must not fill the memory."""


def energy_managed(draft: Draft, event: EnergyManaged) -> None:
    """Merge what a source said; a source without a word left is gone."""
    sources = draft.kept.sources
    blank = Source(name=event.source, everywhere=event.everywhere)
    old = next((one for one in sources if one.name == event.source and one.everywhere is event.everywhere), blank)
    new = _merged(old, event)
    if old == blank and new != blank and len(sources) >= SOURCES_MAX:
        draft.alert(AlertId.INBOX_FULL, f"more than {SOURCES_MAX} sources of energy management; {event.source} is ignored", for_s=PASSING_S)
        return
    left = [new if one is old else one for one in sources]
    if old == blank:
        left.append(new)
    draft.kept = replace(draft.kept, sources=tuple(one for one in left if one != Source(name=one.name, everywhere=one.everywhere)))
    _spoke(draft, event)


def _spoke(draft: Draft, event: EnergyManaged) -> None:
    """Keep when each source gave a sign of life; what the broker had stored is one only of a source not heard of yet."""
    spoke_s = dict(draft.state.spoke_s)
    if event.live or event.source not in spoke_s:
        spoke_s[event.source] = draft.now_s
    names = {source.name for source in draft.kept.sources}
    draft.state = replace(draft.state, spoke_s={name: at_s for name, at_s in spoke_s.items() if name in names})


def _merged(source: Source, event: EnergyManaged) -> Source:
    if not isinstance(event.allow, Unset):
        source = replace(source, allow=event.allow)
    if not isinstance(event.limit_w, Unset):
        source = replace(source, limit_w=event.limit_w)
    if not isinstance(event.limit_a, Unset):
        source = replace(source, limit_a=event.limit_a)
    if not isinstance(event.reason, Unset):
        source = replace(source, reason=event.reason or None)
    return source


def watch_sources(draft: Draft) -> None:
    """Say which source of energy management is missing, once the broker has told what it had."""
    missing = missing_sources(draft.state)
    if not missing:
        draft.clear(AlertId.ENERGY_MANAGEMENT_MISSING)
    elif draft.state.synchronised:
        policy = draft.state.rules.energy.on_missing.value
        draft.alert(AlertId.ENERGY_MANAGEMENT_MISSING, f"energy management is silent: {', '.join(missing)} (policy: {policy})")
