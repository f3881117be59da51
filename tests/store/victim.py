"""A process that writes and says so, until it is killed; or writes to a disk that becomes too small. Run by test_crash."""

import asyncio
import json
import resource
import sys
from pathlib import Path

from bridge.store.protocol import Change, StoreHealth
from bridge.store.sqlite import SqliteStore
from tests.store.worlds import CSMS, GARAGE, NOON_MS, local_kept, sample, stop

IN_FLIGHT = 5
ROOM_BYTES = 400_000


def _say(word: object) -> None:
    sys.stdout.write(f"{json.dumps(word)}\n")
    sys.stdout.flush()


async def write_for_ever(path: Path) -> None:
    """Numbered records and states, several handed in at once; each number is said when it is done."""
    store = SqliteStore.open(path, on_health=lambda _: None)
    number = store.count(GARAGE).queued
    while True:
        futures = []
        for _ in range(IN_FLIGHT):
            futures.append(
                store.commit(
                    Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, kept=local_kept(number), records=(sample(sequence=number),))
                )
            )
            number += 1
        for done, future in enumerate(futures, number - IN_FLIGHT):
            await future
            _say(done)


async def write_to_a_disk_that_is_too_small(path: Path) -> None:
    """The system refuses to let files grow; later it lets them. What was told is said."""
    told: list[StoreHealth] = []
    refused, well = asyncio.Event(), asyncio.Event()

    def on_health(health: StoreHealth) -> None:
        told.append(health)
        (well if health.ok else refused).set()

    store = SqliteStore.open(path, on_health=on_health)
    await store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM_BYTES, hard))
    futures = [
        store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, records=(sample(sequence=number),))) for number in range(2000)
    ]
    futures.append(store.commit(Change(charge_point=GARAGE, link=CSMS, utc_ms=NOON_MS, records=(stop(sequence=2000),))))
    await refused.wait()
    waiting = sum(not future.done() for future in futures)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await asyncio.gather(*futures)
    await well.wait()
    await store.close()
    _say({"waiting": waiting, "told": [(health.ok, health.error) for health in told]})


if __name__ == "__main__":
    asyncio.run({"for-ever": write_for_ever, "too-small": write_to_a_disk_that_is_too_small}[sys.argv[1]](Path(sys.argv[2])))
