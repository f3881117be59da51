"""Files that come and go: logs to the backend, firmware to the wallbox (1.6 §5.6, §5.19; 2.0.1 L and N)."""

from bridge.core.backend import FirmwareRequested, LogRequested
from bridge.core.draft import Draft
from bridge.core.effects import Answer, Outcome
from bridge.core.events import FirmwareReported, UploadProgressed


def log_requested(draft: Draft, event: LogRequested) -> None:
    """The backend wants to see what happened here."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))


def firmware_requested(draft: Draft, event: FirmwareRequested) -> None:
    """The backend has new firmware for the wallbox."""
    draft.emit(Answer(request=event.request, outcome=Outcome.REJECTED))


def upload_progressed(draft: Draft, event: UploadProgressed) -> None:
    """An upload went on."""


def firmware_reported(draft: Draft, event: FirmwareReported) -> None:
    """The wallbox told how its update goes."""
