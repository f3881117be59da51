"""Carries logs away, one attempt at a time for each charge point, each in a thread that can be pulled back."""

import asyncio
import functools
import http.client
import logging
import ssl
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bridge.core.orders import LogJob
from bridge.core.values import ChargePointId
from bridge.locations import is_allowed, locate
from bridge.uploads import ftp, sftp, web
from bridge.uploads.archive import pack
from bridge.uploads.outcome import Sent
from bridge.uploads.parcel import Parcel, Rope

THREADS = 4
"""Attempts at the same time; more would only share the site's uplink."""
ATTEMPT_S = 600.0
"""The longest an attempt may take, its turn included."""
SILENCE_S = 60.0
"""A server that moves nothing for so long is gone."""

log = logging.getLogger("bridge.uploads")

Collect: TypeAlias = Callable[[ChargePointId, LogJob], Mapping[str, str]]
"""The texts of an archive; called in a thread."""
Report: TypeAlias = Callable[[int, str], None]
"""Told how an attempt went: the job, and the word for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One attempt."""

    charge_point: ChargePointId
    job: LogJob
    hosts: tuple[str, ...]
    """Where it may go."""
    utc_ms: int
    """When the archive is made."""
    ca_file: Path | None = None
    """Trusted beside what the system trusts."""
    known_hosts: Path | None = None


_CARRIERS: Mapping[str, Callable[[Parcel], Sent]] = {
    "http": web.send,
    "https": web.send,
    "ftp": ftp.send,
    "ftps": ftp.send,
    "sftp": sftp.send,
}


class Porter:
    """Use `start` on the loop; the word comes back on the loop."""

    def __init__(self, collect: Collect, *, attempt_s: float = ATTEMPT_S, silence_s: float = SILENCE_S) -> None:
        """`collect` makes the texts."""
        self._collect = collect
        self._attempt_s = attempt_s
        self._silence_s = silence_s
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="upload")
        self._tasks: dict[ChargePointId, asyncio.Task[None]] = {}

    def start(self, errand: Errand, report: Report) -> None:
        """Begin; an attempt for the same charge point that still runs is given up, and says nothing more."""
        former = self._tasks.pop(errand.charge_point, None)
        if former is not None:
            former.cancel()
        task = asyncio.create_task(self._carry(errand, report), name=f"upload {errand.charge_point}")
        self._tasks[errand.charge_point] = task
        task.add_done_callback(functools.partial(self._done, errand.charge_point))

    def _done(self, charge_point: ChargePointId, task: "asyncio.Task[None]") -> None:
        if self._tasks.get(charge_point) is task:
            del self._tasks[charge_point]

    async def _carry(self, errand: Errand, report: Report) -> None:
        rope = Rope()
        loop = asyncio.get_running_loop()
        waiting = loop.run_in_executor(self._pool, self._work, errand, rope)
        try:
            async with asyncio.timeout(self._attempt_s):
                sent = await waiting
        except TimeoutError:
            log.warning("%s: - the upload took longer than %.0f s and is given up", errand.charge_point, self._attempt_s)
            sent = Sent.FAILED
        finally:
            rope.cut()
        report(errand.job.id, sent.value)

    def _work(self, errand: Errand, rope: Rope) -> Sent:
        """In a thread."""
        name = errand.charge_point
        if not is_allowed(errand.job.location, errand.hosts):
            return Sent.FAILED
        place = locate(errand.job.location)
        parcel = Parcel(
            place=place,
            name=errand.job.file,
            data=pack(self._collect(name, errand.job), errand.utc_ms),
            silence_s=self._silence_s,
            tls=_trust(errand.ca_file) if place.scheme in {"https", "ftps"} else None,
            known_hosts=errand.known_hosts,
            rope=rope,
        )
        try:
            sent = _CARRIERS[place.scheme](parcel)
        except (OSError, EOFError, ValueError, http.client.HTTPException) as error:
            # a refusal of the network, a server that hangs up, a name no server takes, nonsense for an answer
            log.warning("%s: - %s could not be sent to %s: %s", name, parcel.name, place.shown, str(error) or type(error).__name__)
            return Sent.FAILED
        if sent is Sent.UPLOADED:
            log.info("%s: - %s sent to %s, %d bytes", name, parcel.name, place.shown, len(parcel.data))
        else:
            log.warning("%s: - %s does not take %s: %s", name, place.shown, parcel.name, sent.value)
        return sent

    async def stop(self) -> None:
        """Give everything up."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._pool.shutdown(wait=False, cancel_futures=True)


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
