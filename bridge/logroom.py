"""Where logs are kept and sent from: the journal, and what of it goes into an archive."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path

from bridge import __version__
from bridge.clock import Clock
from bridge.config.values import Configuration
from bridge.core.events import UploadProgressed
from bridge.core.orders import LogJob, LogKind
from bridge.core.status import reported_status, status
from bridge.core.values import ChargePointId
from bridge.journal import EVENT, Journal, JournalHandler
from bridge.ocpp.privacy import is_guarded
from bridge.ocpp.times import as_iso
from bridge.runtime import Runtime
from bridge.uploads.porter import Errand, Porter

KNOWN_HOSTS = "known_hosts"
"""Beside the database: the keys of SSH hosts, as `ssh-keyscan` writes them. Without the file any key is taken."""

log = logging.getLogger("bridge")


class Logroom:
    """One for the whole bridge."""

    def __init__(self, *, configuration: Configuration, clock: Clock, runtimes: Mapping[ChargePointId, Runtime]) -> None:
        """`runtimes` may still be filled."""
        self.journal = Journal()
        self._configuration = configuration
        self._clock = clock
        self._runtimes = runtimes
        self._handler = JournalHandler(self.journal)
        self._porter = Porter(self.texts)

    def start(self) -> None:
        """Listen to the log."""
        log.addHandler(self._handler)

    async def stop(self) -> None:
        """Give up what is on its way."""
        log.removeHandler(self._handler)
        await self._porter.stop()

    def note(self, charge_point: str, mark: str, text: str) -> None:
        """A frame was sent or received; its tags are masked."""
        self.journal.note(charge_point, self._clock.utc_ms(), mark, text)

    def upload(self, runtime: Runtime, job: LogJob) -> None:
        """Make one attempt, and tell the charge point how it went."""
        rules = runtime.state.rules
        csms = self._configuration.charge_points[rules.charge_point].csms
        known = Path(self._configuration.store).parent / KNOWN_HOSTS
        errand = Errand(
            charge_point=rules.charge_point,
            job=job,
            hosts=rules.file_hosts,
            utc_ms=self._clock.utc_ms(),
            ca_file=None if csms is None else csms.ca_file,
            known_hosts=known if known.exists() else None,
        )

        def report(number: int, word: str) -> None:
            runtime.handle(UploadProgressed(**self._clock.stamp(), job=number, status=word))

        self._porter.start(errand, report)

    def texts(self, charge_point: ChargePointId, job: LogJob) -> Mapping[str, str]:
        """What an archive holds. Called in a thread: reads only what never changes under its hands."""
        lines = self.journal.lines(charge_point, job.oldest_ms, job.newest_ms)
        if job.kind is LogKind.SECURITY:
            # connections, registrations and warnings are lines of the log; of the frames only those about the doors
            lines = (line for line in lines if line.split(" ", 2)[1] == EVENT or is_guarded(line))
        name = "security.log" if job.kind is LogKind.SECURITY else "journal.log"
        return {"about.json": self._about(charge_point, job), name: "".join(f"{line}\n" for line in lines)}

    def _about(self, charge_point: ChargePointId, job: LogJob) -> str:
        state = self._runtimes[charge_point].state
        told = {
            "charge_point": charge_point,
            "evbridge": __version__,
            "written": as_iso(self._clock.utc_ms()),
            "from": None if job.oldest_ms is None else as_iso(job.oldest_ms),
            "to": None if job.newest_ms is None else as_iso(job.newest_ms),
            "status": status(state).value,
            "reported": reported_status(state).value,
            "online": state.backend_online,
            "hardware_online": state.hardware.online,
            "register_wh": state.meter.register_wh,
            "firmware": state.kept.firmware_status,
        }
        return json.dumps(told, indent=2) + "\n"
