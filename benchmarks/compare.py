"""evbridge against the floor, in one run: tap to lamp, memory of idle charge points, time to be registered.

    make bench            (or: python benchmarks/compare.py tap idle boot)

The thing under test is pinned to core 1; broker, central system and load share core 0. Rounds are interleaved; compare by ratio.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
FLOOR = HERE / "floor"
sys.path.insert(0, str(FLOOR))

import broker  # noqa: E402 (the floor's own modules)
import common  # noqa: E402
import uvloop  # noqa: E402
from mini_mqtt import MiniMqtt  # noqa: E402

CSMS_PORT = int(os.environ.get("CSMS_PORT", "29000"))
LIMIT_S = 90.0
"""No part of a run waits longer than this."""
Numbers = dict[str, float]


def pinned(core: int, *arguments: str, cwd: Path = FLOOR, **more: object) -> subprocess.Popen[str]:
    """A process on one core."""
    return subprocess.Popen(
        ["taskset", "-c", str(core), sys.executable, *arguments],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        **more,  # type: ignore[call-overload]
    )


def configuration(count: int, folder: Path) -> Path:
    """A bridge of that many charge points, each with a reader and a meter of its own."""
    lines = [
        "[mqtt]",
        'host = "127.0.0.1"',
        f"port = {broker.PORT}",
        "[store]",
        f'path = "{folder}/bench.db"',
        "[log]",
        'level = "warning"',
        "[csms.bench]",
        f'url = "ws://127.0.0.1:{CSMS_PORT}/ocpp"',
    ]
    for number in range(count):
        lines += [
            f"[charge_points.cp-{number}]",
            f'identity = "CP{number:05d}"',
            'csms = "bench"',
            f'wallbox = "cp-{number}"',
            f'meter = "cp-{number}"',
            f'readers = ["cp-{number}"]',
            f"[charge_points.cp-{number}.variables]",
            "ConnectionTimeOut = 1",
        ]
    path = folder / "bench.toml"
    path.write_text("\n".join(lines))
    return path


def bridge(count: int, folder: Path) -> subprocess.Popen[str]:
    """The real bridge."""
    return pinned(1, "-m", "bridge", "run", "--config", str(configuration(count, folder)), cwd=HERE.parent)


def floor(count: int, folder: Path) -> subprocess.Popen[str]:
    """The floor, in durable mode."""
    return pinned(1, "floor_forwarder.py", "--durable", str(folder / "floor.db"), "--cps", str(count))


def ended(process: subprocess.Popen[str]) -> None:
    """End a process that was started here."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Speech:
    """The topics of one forwarder."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def tap(self, number: int, tag: str, sequence: int) -> tuple[bytes, bytes]:
        if self.kind == "floor":
            return b"cp/%d/nfc" % number, b'{"uid":"%s","seq":%d}' % (tag.encode(), sequence)
        return b"evbridge/nfc/cp-%d/tap" % number, b'{"tag":"%s","id":"%d"}' % (tag.encode(), sequence)

    @property
    def lamps(self) -> list[str]:
        return ["cp/+/led"] if self.kind == "floor" else ["evbridge/nfc/+/led"]

    def lamp(self, topic: bytes, payload: bytes) -> tuple[int, bool] | None:
        number = int(topic.split(b"/")[-2].split(b"-")[-1])
        if self.kind == "floor":
            return number, json.loads(payload)["led"] == "green"
        return None if payload == b"off" else (number, payload == b"green")


async def taps(kind: str, count: int, rate: float, seconds: float) -> Numbers:
    """Taps one after the other over all charge points; the time from each to its green or red."""
    speech = Speech(kind)
    sent: dict[int, tuple[float, bool]] = {}
    times: list[float] = []
    wrong = 0

    def heard(topic: bytes, payload: bytes, _mid: object) -> None:
        nonlocal wrong
        shown = speech.lamp(topic, payload)
        if shown is not None and shown[0] in sent:
            at, good = sent.pop(shown[0])
            times.append(time.perf_counter() - at)
            wrong += shown[1] is not good

    client = await MiniMqtt.open("127.0.0.1", broker.PORT, f"load-{kind}", heard)
    await client.subscribe(speech.lamps)
    order = list(range(count))
    random.Random(1).shuffle(order)
    total = int(rate * (seconds + 1))
    begin = time.perf_counter()
    for index in range(total):
        good = index % 10 != 9
        tag = f"04{index:08X}" if good else f"BAD0{index:08X}"
        number = order[index % count]
        if index == int(rate):
            times.clear()  # the first second warms up
        sent[number] = (time.perf_counter(), good)
        client.publish1(*speech.tap(number, tag, index), lambda: None)
        await asyncio.sleep(max(0.0, begin + (index + 1) / rate - time.perf_counter()))
    end = time.perf_counter() + 5
    while sent and time.perf_counter() < end:  # noqa: ASYNC110 (a lost tap must not end the run)
        await asyncio.sleep(0.05)
    client.close()
    lost = len(sent)
    return {
        "p50_ms": common.pct(times, 50) * 1e3,
        "p99_ms": common.pct(times, 99) * 1e3,
        "max_ms": max(times) * 1e3,
        "taps": len(times),
        "lost": lost,
        "wrong": wrong,
    }


async def registered(count: int) -> None:
    """Wait until every charge point says that it is online; then give each meter a register."""
    online: set[bytes] = set()
    done = asyncio.get_running_loop().create_future()

    def heard(topic: bytes, payload: bytes, _mid: object) -> None:
        (online.add if payload == b"true" else online.discard)(topic)
        if len(online) == count and not done.done():
            done.set_result(None)

    client = await MiniMqtt.open("127.0.0.1", broker.PORT, "watch", heard)
    await client.subscribe(["evbridge/charge_point/+/online"])
    await asyncio.wait_for(done, LIMIT_S)
    for number in range(count):
        client.publish0(b"evbridge/meter/cp-%d/energy_wh" % number, b"1000")
    await asyncio.sleep(0.5)
    client.close()


def run_taps(rounds: int, count: int, rate: float, seconds: float) -> None:
    """Tap to lamp, interleaved."""
    results: dict[str, list[Numbers]] = {"floor": [], "evbridge": []}
    for _ in range(rounds):
        for kind, start in (("floor", floor), ("evbridge", bridge)):
            with tempfile.TemporaryDirectory() as name, surroundings():
                process = start(count, Path(name))
                try:
                    if kind == "floor":
                        assert process.stdout is not None
                        assert process.stdout.readline().strip() == "READY"
                    else:
                        uvloop.run(registered(count))
                    results[kind].append(uvloop.run(taps(kind, count, rate, seconds)))
                finally:
                    ended(process)
    print(f"\n### tap to lamp, {count} charge points, {rate:g} taps/s, {rounds} rounds, floor in durable mode")
    print("| | p50 ms | p99 ms | max ms | lost | wrong |\n|---|---|---|---|---|---|")
    middle = {}
    for kind, rows in results.items():
        p50, p99 = (statistics.median(row[key] for row in rows) for key in ("p50_ms", "p99_ms"))
        middle[kind] = (p50, p99)
        worst, lost, wrong = max(row["max_ms"] for row in rows), sum(row["lost"] for row in rows), sum(row["wrong"] for row in rows)
        print(f"| {kind} | {p50:.2f} | {p99:.2f} | {worst:.1f} | {lost:.0f} | {wrong:.0f} |")
    ratio, more = middle["evbridge"][0] / middle["floor"][0], middle["evbridge"][1] - middle["floor"][1]
    print(f"\np50 ratio {ratio:.2f} (goal: at most 3), p99 {more:+.2f} ms over the floor (goal: at most +5)")


class surroundings:  # noqa: N801 (reads as a phrase in a with statement)
    """Broker and central system on core 0."""

    def __enter__(self) -> None:
        self._broker = broker.start()
        self._csms = pinned(0, "csms.py", "--port", str(CSMS_PORT))
        broker.wait_port(CSMS_PORT)

    def __exit__(self, *_: object) -> None:
        ended(self._csms)
        self._broker.terminate()
        self._broker.wait()


def run_idle(count: int) -> None:
    """Memory of idle charge points, and the time until all are registered."""
    rows = []
    for number in (1, count):
        with tempfile.TemporaryDirectory() as name, surroundings():
            begin = time.perf_counter()
            process = bridge(number, Path(name))
            try:
                uvloop.run(registered(number))
                took = time.perf_counter() - begin - 0.5
                time.sleep(5)
                cpu = common.cpu_s(process.pid)
                time.sleep(5)
                rows.append((number, took, common.rss_kib(process.pid) / 1024, (common.cpu_s(process.pid) - cpu) / 5 * 100))
            finally:
                ended(process)
    print("\n### idle charge points in one process, ws")
    print("| charge points | until all registered, s | RSS MiB | CPU % while idle |\n|---|---|---|---|")
    for number, took, rss, cpu in rows:
        print(f"| {number} | {took:.1f} | {rss:.0f} | {cpu:.1f} |")
    print(f"\ngoals at {count}: registered in under 20 s, under 100 MB")


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", nargs="*", default=["tap", "idle"], help="tap, idle")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--charge-points", type=int, default=100)
    parser.add_argument("--rate", type=float, default=40)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--idle", type=int, default=1000)
    chosen = parser.parse_args()
    if "tap" in chosen.what:
        run_taps(chosen.rounds, chosen.charge_points, chosen.rate, chosen.seconds)
    if "idle" in chosen.what:
        run_idle(chosen.idle)


if __name__ == "__main__":
    main()
