"""Frames against the official schemas, both ways. Nothing is held back for it: we would lose what the peer might well understand."""

import logging

from bridge.ocpp.dialect import JsonObject
from bridge.ocpp.validation import Kind, Version, knows, validate

log = logging.getLogger("bridge.ocpp")


class Conformity:
    """Of one link."""

    __slots__ = ("_name", "_version", "_warned")

    def __init__(self, name: str, version: Version) -> None:
        """`name` is the charge point's, for the log."""
        self._name = name
        self._version = version
        self._warned: tuple[str, ...] = ()

    def check(self, action: str, kind: Kind, payload: JsonObject) -> None:
        """Say what is wrong: of ours each time, of the central system's once for each message."""
        violation = validate(self._version, action, kind, payload) if knows(self._version, action) else None
        if violation is None:
            return
        what = f"{action}{kind.value}"
        if kind is Kind.REQUEST:
            log.error("%s: our %s breaks its schema (%s at /%s): please report it", self._name, what, violation.keyword, violation.path)
        elif what not in self._warned:
            self._warned = (*self._warned, what)
            log.warning("%s: the central system's %s breaks its schema (%s at /%s)", self._name, what, violation.keyword, violation.path)
