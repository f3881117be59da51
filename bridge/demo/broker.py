"""A broker for the demo: the `mosquitto` of this machine, else the embedded one. Loopback only, nothing kept."""

import asyncio
import contextlib
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum, unique
from importlib.metadata import version
from pathlib import Path

from bridge.demo.processes import end_process, last_lines, start_process
from bridge.demo.tasks import to_the_end
from bridge.errors import EvbridgeError

HOST = "127.0.0.1"
"""Nobody else's business: neither broker has a password here."""
START_S = 10.0
"""A loaded machine of two cores starts either broker in well under a second."""
STOP_S = 5.0
"""Then it is killed: nothing is kept, so nothing is lost."""
START_TRIES = 5
"""Somebody else may take the free port between our look and the broker's bind."""
POLL_S = 0.02
"""Between two looks whether the broker takes connections."""


@unique
class BrokerKind(StrEnum):
    """Which broker to use."""

    AUTO = "auto"
    """Mosquitto if it is there, else the embedded one."""
    MOSQUITTO = "mosquitto"
    EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where it listens, and what it is called."""

    host: str
    port: int
    name: str
    protocol: str
    """The newest MQTT it speaks: `5` or `3.1.1`."""


class BrokerMissing(EvbridgeError):
    """No broker can be started; the text says what to install."""


def mosquitto_program() -> str | None:
    """The path of mosquitto, which Debian keeps where ordinary users do not look."""
    return shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


def embedded_installed() -> bool:
    """Whether the optional extra `demo` is there."""
    return importlib.util.find_spec("amqtt") is not None


@contextlib.asynccontextmanager
async def running_broker(kind: BrokerKind, directory: Path, *, port: int | None = None) -> AsyncIterator[Broker]:
    """A broker for as long as the block lasts; its files go to `directory`. Raises BrokerMissing."""
    program = mosquitto_program() if kind is not BrokerKind.EMBEDDED else None
    if program is not None:
        name, protocol, command = "mosquitto", "5", _mosquitto(program, directory)
    elif kind is not BrokerKind.MOSQUITTO and embedded_installed():
        # amqtt 0.12.1 lets a MQTT 5 client wait for ten seconds and then go.
        name, protocol, command = f"embedded amqtt {version('amqtt')}", "3.1.1", _embedded
    else:
        raise BrokerMissing(_advice(kind))
    process, chosen = await _start(command, directory, port)
    try:
        yield Broker(host=HOST, port=chosen, name=name, protocol=protocol)
    finally:
        await to_the_end(end_process(process, within_s=STOP_S))


def _advice(kind: BrokerKind) -> str:
    mosquitto = "install mosquitto (Debian: apt-get install mosquitto mosquitto-clients)"
    embedded = "install the embedded broker (pip install 'evbridge[demo]')"
    match kind:
        case BrokerKind.MOSQUITTO:
            return f"no mosquitto on PATH: {mosquitto}"
        case BrokerKind.EMBEDDED:
            return f"the embedded broker is not installed: {embedded}"
        case BrokerKind.AUTO:
            return f"the demo needs a broker: {mosquitto}, or {embedded}"


def free_port() -> int:
    """A port of the loopback interface that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _mosquitto(program: str, directory: Path) -> Callable[[int], tuple[str, ...]]:
    configuration = directory / "mosquitto.conf"

    def command(port: int) -> tuple[str, ...]:
        configuration.write_text(
            f"listener {port} {HOST}\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\nlog_dest stderr\n",
        )
        return program, "-c", str(configuration)

    return command


def _embedded(port: int) -> tuple[str, ...]:
    return sys.executable, "-m", "bridge.demo.embedded", HOST, str(port)


async def _start(command: Callable[[int], tuple[str, ...]], directory: Path, port: int | None) -> tuple[asyncio.subprocess.Process, int]:
    if port is not None and await _connects(port):
        raise BrokerMissing(f"somebody listens on port {port} already: choose another one")
    log = directory / "broker.log"
    for _ in range(START_TRIES):
        chosen = port or free_port()
        process = await start_process(*command(chosen), log=log, directory=directory)
        if await _answers(process, chosen):
            return process, chosen
        await end_process(process, within_s=STOP_S)
    said = "; ".join(last_lines(log, 1)) or "it does not say why"
    raise BrokerMissing(f"the broker does not start: {said}")


async def _answers(process: asyncio.subprocess.Process, port: int) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while process.returncode is None:
                if await _connects(port):
                    return process.returncode is None
                await asyncio.sleep(POLL_S)
    return False


async def _connects(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True
