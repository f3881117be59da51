"""Bad days of the broker: the bridge says what is wrong and goes on with its central systems; it is there as soon as the broker is."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.bad_days.town import CARDS, HEALTHY, charges_a_session, logged, office, says, settings
from tests.conformance.laboratory import equipped, identity_of
from tests.peers.bridge_process import BridgeProcess
from tests.peers.broker import Mosquitto
from tests.peers.onlooker import onlooker
from tests.peers.strict_csms import StrictCsms
from tests.peers.waiting import SLOWNESS

SECRET = "the-password-of-the-bridge"
STOP_MAX_S = 9.0 * SLOWNESS
"""Service managers and Docker kill after ten seconds."""


@contextlib.asynccontextmanager
async def launched(
    folder: Path, central: StrictCsms, broker: Mosquitto, *, name: str = HEALTHY, mqtt: Mapping[str, Any] | None = None
) -> AsyncIterator[BridgeProcess]:
    """A bridge with one charge point, which is online; whether it finds its broker is another matter. It ends in order."""
    tables = settings(central)
    tables["charge_points"] = {name: tables["charge_points"][HEALTHY] | {"identity": identity_of(name)}}
    process = BridgeProcess(folder, broker, None, tables | {"mqtt": dict(mqtt or {})})
    (folder / "password").write_text(SECRET)
    await process.launch()
    try:
        await central.saw("BootNotification", identity_of(name))
        yield process
        if process.running:
            assert await process.stop() == 0
        assert "Traceback" not in process.log()
    except BaseException:
        print(process.log())
        raise
    finally:
        if process.running:
            await process.kill()


async def serves(broker: Mosquitto, central: StrictCsms, name: str = HEALTHY) -> None:
    """The charge point is there for its hardware and charges a whole session."""
    async with onlooker(broker) as topics:
        await topics.shows("bridge/state", "online")
        async with equipped(name, broker, central, topics) as station:
            await charges_a_session(station, CARDS[0])


async def test_a_broker_that_comes_later(tmp_path: Path) -> None:
    """Not there when the bridge starts: one line, and the central system sees the charge point all the same. Then it comes: all is well."""
    with Mosquitto() as broker:
        broker.stop()
        async with office() as central, launched(tmp_path, central, broker) as process:
            await says(process, f"{broker.host}:{broker.port} can't be reached", "check host, port and tls of [mqtt]")
            await central.saw_status("Available")
            broker.start()
            await serves(broker, central)
            assert len(logged(process, "can't be reached")) == 1


@pytest.mark.parametrize(
    "case, parts",
    [
        ("wrong password", ("refuses user 'bridge'", "check user and password_file of [mqtt]")),
        ("no password", ("refuses an anonymous client", "check user and password_file of [mqtt]")),
        ("unknown authority", ("TLS with the broker", "check tls and ca_file of [mqtt]")),
        ("no TLS there", ("can't be reached", "check host, port and tls of [mqtt]")),
        ("TLS there", ("hung up before it had answered", "check port and tls of [mqtt]")),
    ],
)
async def test_a_broker_that_does_not_let_it_in(case: str, parts: tuple[str, ...], tmp_path: Path) -> None:
    """One line that says what to do, without the password; at the central system the charge point is there, and the end is in order."""
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    issued = trustme.CA().issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(str(key))
    issued.private_key_and_cert_chain_pem.write_to_path(str(chain))
    chosen: dict[str, dict[str, Any]] = {
        "wrong password": {"user": "bridge", "password_file": "password"},
        "unknown authority": {"tls": True, "host": "localhost"},
        "no TLS there": {"tls": True},
    }
    mqtt = chosen.get(case, {})
    users = {"bridge": "another"} if "password" in case else None
    certificate = (chain, key) if case in {"unknown authority", "TLS there"} else None
    with Mosquitto(users=users, certificate=certificate) as broker:
        async with office() as central, launched(tmp_path, central, broker, mqtt=mqtt) as process:
            await says(process, *parts)
            await central.saw_status("Available")
            assert SECRET not in process.log()


async def test_a_mute_broker_does_not_hold_up_the_end(tmp_path: Path) -> None:
    """It accepts connections and answers nothing; the bridge ends before a service manager loses its patience."""
    with Mosquitto() as broker:
        broker.freeze()
        async with office() as central, launched(tmp_path, central, broker) as process:
            began_s = time.monotonic()
            assert await process.stop() == 0
            assert time.monotonic() - began_s < STOP_MAX_S


async def test_two_bridges_of_one_name(tmp_path: Path) -> None:
    """The broker throws out the one for the other. They say so and stop fighting; as soon as one is gone the other one serves."""
    with Mosquitto() as broker:
        async with (
            office() as central,
            launched(tmp_path / "one", central, broker, name="one") as one,
            launched(tmp_path / "two", central, broker, name="two") as two,
        ):
            waiting = {asyncio.create_task(says(process, "give each bridge its own instance in [mqtt]")): process for process in (one, two)}
            done, undone = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in undone:
                task.cancel()
            loser = waiting[done.pop()]
            assert "takes the connection away again and again" in loser.log()
            assert len(logged(loser, "- connected to", level=0)) <= 5
            assert await loser.stop() == 0
            await serves(broker, central, "two" if loser is one else "one")
