"""Diagnostics and firmware (OCPP 1.6 §5.6 GetDiagnostics, §5.19 UpdateFirmware). Pure."""

from collections.abc import Mapping

from bridge.core.orders import Notice
from bridge.core.state import State
from bridge.ocpp.dialect import Handler, Outgoing, Words

HANDLERS: Mapping[str, Handler] = {}
ANSWERS: Mapping[str, Words] = {}


def notice(notice: Notice, state: State) -> tuple[Outgoing, ...]:  # noqa: ARG001 - until there are files
    """DiagnosticsStatusNotification.req or FirmwareStatusNotification.req."""
    return ()
