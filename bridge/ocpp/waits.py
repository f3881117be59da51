"""How long a link waits before its next connection: as it likes in 1.6, exactly as the central system has set it in 2.0.1. Pure."""

from collections.abc import Iterator
from random import Random

from bridge.core.settings import Settings
from bridge.ocpp.backoff import Steps, backoff, steps, wait_s
from bridge.ocpp.failures import Failure
from bridge.ocpp.setup import LinkSettings
from bridge.ocpp.validation import Version


class Waits:
    """Of one link."""

    __slots__ = ("_link", "_rng", "_waits", "_wanted")

    def __init__(self, link: LinkSettings, rng: Random) -> None:
        """Nobody has been tried yet."""
        self._link = link
        self._rng = rng
        self._wanted: Steps | None = None
        """As the central system has set it, in 2.0.1."""
        self._waits: Iterator[float] | None = None
        """None: begins anew with the next wait. A link that stands for weeks keeps none ready."""

    def renew(self, version: Version, settings: Settings) -> None:
        """Somebody answered, or somebody else is tried next: the waits begin anew."""
        self._waits = self._wanted = None
        if version is Version.V16:
            return
        second_s = self._link.second_s
        self._wanted = Steps(
            minimum_s=settings.backoff_minimum_s * second_s,
            random_s=settings.backoff_random_s * second_s,
            repeats=settings.backoff_repeats,
        )

    def next_s(self, failure: Failure | None) -> float:
        """Before the next try. `failure` is how the last one ended; that a person has to mend it stretches no wait of 2.0.1."""
        pace, wanted = self._link.pace, self._wanted
        if self._waits is None:
            self._waits = backoff(pace, self._rng) if wanted is None else steps(wanted, pace, self._rng)
        patient = failure is not None and failure.patient and wanted is None
        asked_s = None if failure is None else failure.retry_after_s
        return wait_s(next(self._waits), pace, self._rng, patient=patient, retry_after_s=asked_s)
