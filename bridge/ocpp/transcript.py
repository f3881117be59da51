"""What one link says in the journal, and in the log at DEBUG: every frame, tags masked."""

import logging
from collections.abc import Callable

from bridge.ocpp.jobs import OpenCall, tag_in
from bridge.ocpp.privacy import without

log = logging.getLogger("bridge.ocpp")


class Transcript:
    """Of one link."""

    __slots__ = ("_hide", "_name", "_note")

    def __init__(self, name: str, hide: Callable[[str], str], note: Callable[[str, str, str], None] = lambda *_: None) -> None:
        """`name` is the charge point's; `hide` masks the tags in a text; `note` keeps a line for later."""
        self._name = name
        self._hide = hide
        self._note = note

    def frame(self, mark: str, frame: str | bytes, open_call: OpenCall | None) -> None:
        """Sent (`>`) or received (`<`)."""
        text = self.masked(frame if isinstance(frame, str) else frame.decode(errors="replace"), open_call)
        self._note(self._name, mark, text)
        log.debug("%s: %s %s", self._name, mark, text)

    def ignored(self, what: str) -> None:
        """Nothing was done about it."""
        log.debug("%s: - ignored %s", self._name, what)

    def masked(self, text: str, open_call: OpenCall | None) -> str:
        """Without tags, the one included that is being asked about: central systems like to repeat it in the text of an error."""
        tag = tag_in(open_call)
        masked = self._hide(text)
        return masked if tag is None else without(masked, tag.text)
