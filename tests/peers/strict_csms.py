"""A central system that we did not write: npm `ocpp-rpc` in strict mode, in a process of its own.

    async with strict_csms(tags={"04AABBCC": ACCEPTED}) as csms:
        ...                                                  # a station connects to csms.url + "/CP1"
        start = await csms.saw("StartTransaction", idTag="04AABBCC")
        answer = await csms.call("CP1", "RemoteStopTransaction", {"transactionId": start.answer["transactionId"]})
        csms.must_be_valid()

It accepts every identity, boots it, knows the tags it is told and gives transaction ids from 1; `answer` changes what it says to one
action, `refuse` what happens at the handshake, `stop` and `listen` pull its plug and put it back on the same port.
"""

import asyncio
import contextlib
import dataclasses
import itertools
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.peers import billing, journal
from tests.peers.billing import Transaction
from tests.peers.journal import Call, Frame
from tests.peers.node import FOLDER, installed, node_program
from tests.peers.waiting import TIMEOUT_S, Bell

LINE_MAX = 16 * 1024 * 1024
"""A frame of 8 MB, twice escaped."""
ACCEPTED: Mapping[str, str] = {"status": "Accepted"}
BLOCKED: Mapping[str, str] = {"status": "Blocked"}
INVALID: Mapping[str, str] = {"status": "Invalid"}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A station that came in by the handshake."""

    number: int
    identity: str
    endpoint: str
    """The path before the identity."""
    protocol: str
    """What was negotiated; empty: nothing."""
    at_ms: int
    """UTC, by the clock of the central system."""


class CallFailed(Exception):
    """The station answered our request with a CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code


class StrictCsms:
    """One central system. Use `strict_csms()`."""

    def __init__(self, process: asyncio.subprocess.Process, *, tls: bool, protocol: str) -> None:
        self.frames: list[Frame] = []
        self.connections: list[Connection] = []
        self.refused: list[dict[str, Any]] = []
        """Handshakes that did not come through, as told by the other half."""
        self.violations: list[str] = []
        """What ocpp-rpc itself called a violation of its schemas."""
        self.port = 0
        self._tls = tls
        self._default_protocol = protocol
        self._process = process
        self._bell = Bell()
        self._online: dict[int, Connection] = {}
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._listen_to_it(), name="strict-csms")

    @property
    def url(self) -> str:
        """Append a slash and the identity; any path may stand between."""
        return f"{'wss' if self._tls else 'ws'}://127.0.0.1:{self.port}"

    # --- what it saw ----------------------------------------------------------------------------------------------------------------

    def calls(self, action: str, identity: str | None = None, **fields: Any) -> list[Call]:  # noqa: ANN401 - a payload's field
        """Every such request so far, oldest first, with the answer it got."""
        return [call for call in journal.calls(self.frames) if call.fits(action, identity, fields)]

    async def saw(self, action: str, identity: str | None = None, *, count: int = 1, timeout_s: float = TIMEOUT_S, **fields: Any) -> Call:  # noqa: ANN401
        """The `count`-th such request from the beginning on, once it has been answered; waits for it."""

        def look() -> Call | None:
            found = [call for call in self.calls(action, identity, **fields) if call.answer is not None or call.error is not None]
            return found[count - 1] if len(found) >= count else None

        return await self._bell.until(look, lambda: f"{count} of {action} {identity or ''} {fields}\n{self.story()}", timeout_s=timeout_s)

    async def was_asked(self, action: str, identity: str | None = None, *, count: int = 1, **fields: Any) -> Call:  # noqa: ANN401
        """Like `saw`, but does not wait for the answer: for requests that get none."""

        def look() -> Call | None:
            found = self.calls(action, identity, **fields)
            return found[count - 1] if len(found) >= count else None

        return await self._bell.until(look, lambda: f"{count} of {action} {identity or ''} {fields}\n{self.story()}")

    async def saw_status(self, status: str, identity: str | None = None, *, connector: int = 1, count: int = 1) -> Call:
        """Connector 1 was reported with this status."""
        return await self.saw("StatusNotification", identity, connectorId=connector, status=status, count=count)

    def statuses(self, identity: str | None = None, *, connector: int = 1) -> list[str]:
        """All reported statuses of a connector, oldest first."""
        return [call.payload["status"] for call in self.calls("StatusNotification", identity, connectorId=connector)]

    def transactions(self, identity: str | None = None) -> list[Transaction]:
        """What would be billed, in the order of the starts."""
        return billing.transactions(call for call in journal.calls(self.frames) if identity in {None, call.identity})

    async def connected(self, identity: str, *, count: int = 1) -> Connection:
        """The `count`-th connection of a station since the beginning."""

        def look() -> Connection | None:
            found = [connection for connection in self.connections if connection.identity == identity]
            return found[count - 1] if len(found) >= count else None

        return await self._bell.until(look, lambda: f"connection {count} of {identity}\n{self.story()}")

    async def disconnected(self, identity: str) -> None:
        """The station has no connection (any more)."""
        await self._bell.until(
            lambda: None if any(one.identity == identity for one in self._online.values()) else True,
            lambda: f"{identity} gone\n{self.story()}",
        )

    async def refused_handshakes(self, count: int) -> list[dict[str, Any]]:
        """At least so many handshakes came to nothing."""
        return await self._bell.until(
            lambda: self.refused if len(self.refused) >= count else None,
            lambda: f"{count} refused handshakes, there were {len(self.refused)}",
        )

    # --- what it says ---------------------------------------------------------------------------------------------------------------

    async def call(self, identity: str, action: str, payload: Mapping[str, Any], *, timeout_s: float = TIMEOUT_S) -> dict[str, Any]:
        """Ask a station; its answer has passed the strict check. CallFailed for a CALLERROR."""
        reply = await self._do("call", identity=identity, action=action, payload=payload, timeout_ms=int(timeout_s * 1000))
        if (error := reply.get("error")) is not None:
            raise CallFailed(error["code"], error["description"])
        result: dict[str, Any] = reply["result"]
        return result

    async def send_raw(self, identity: str, text: str) -> None:
        """A frame that no good central system would send; the audit does not blame it."""
        await self._do("send_raw", identity=identity, text=text)

    async def answer(
        self,
        action: str,
        result: Mapping[str, Any] | None = None,
        *,
        identity: str | None = None,
        times: int | None = None,
        merge: bool = False,
        lax: bool = False,
        error: str | None = None,
        silence: bool = False,
        close: bool = False,
        delay_s: float = 0.0,
    ) -> None:
        """From now on, answer `action` ("*": every one) so; the newest rule goes first, `times` limits it.

        `merge` changes the usual answer by `result`; `lax` sends what the schema forbids; `error` is a CALLERROR code; `silence` never
        answers; `close` cuts the connection instead; `delay_s` alone answers as usual, later.
        """
        given = {"result": result, "identity": identity, "times": times}
        rule: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if error is not None:
            rule["error"] = {"code": error, "description": "as the test wishes"}
        if close:
            rule["close"] = "force"
        await self._do("answer", action=action, merge=merge, lax=lax, silence=silence, delay_ms=int(delay_s * 1000), **rule)

    async def answer_as_usual(self, action: str | None = None) -> None:
        """Forget what `answer` changed, for one action or for all."""
        await self._do("answer_as_usual", **({} if action is None else {"action": action}))

    async def configure(self, **settings: Any) -> None:  # noqa: ANN401 - read by the other half
        """`tags`, `interval`, `registration`, `clock_offset_ms`, `next_transaction_id`, `passwords` (identity -> Basic auth password)."""
        await self._do("configure", **settings)

    async def knows(self, **tags: Mapping[str, str]) -> None:
        """Tags and their idTagInfo; all others are Invalid."""
        await self.configure(tags=tags)

    # --- its weather ----------------------------------------------------------------------------------------------------------------

    async def refuse(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """Every handshake gets this HTTP status; connections that are open stay."""
        await self._do("handshake", status=status, headers=headers or {})

    async def welcome(self, *, subprotocol: bool = True) -> None:
        """Take handshakes again; without `subprotocol` none is named in the answer."""
        await self._do("handshake", subprotocol=subprotocol)

    async def disconnect(self, identity: str | None = None, *, code: int = 1001, force: bool = False) -> None:
        """Close one station's connection, or all; `force` without a goodbye."""
        await self._do("disconnect", code=code, force=force, **({} if identity is None else {"identity": identity}))

    async def stop(self) -> None:
        """Nobody listens any more, and every connection is cut."""
        await self._do("stop")

    async def listen(self) -> None:
        """Listen, after a `stop` on the same port."""
        self.port = (await self._do("listen"))["port"]

    async def freeze(self, identity: str) -> None:
        """The connection stays open but mute: nothing is read, no ping is answered."""
        await self._do("freeze", identity=identity)

    async def thaw(self, identity: str) -> None:
        """Go on after `freeze`."""
        await self._do("thaw", identity=identity)

    # --- its verdict ----------------------------------------------------------------------------------------------------------------

    def must_be_valid(self, identity: str | None = None) -> None:
        """Every frame of both sides, or of one station's connections, was by the book.

        Checked by ocpp-rpc and, independently, by the official schemas.
        """
        found = [violation for violation in self.violations if identity is None or violation.startswith(f"{identity} ")]
        frames = [frame for frame in self.frames if identity in {None, frame.identity}]
        found += journal.faults(frames)
        found += billing.sequence_faults(journal.calls(frames))
        assert not found, "\n".join(found)

    def story(self) -> str:
        """The whole journal, readable, for a failure's message."""
        return "\n".join(
            f"{frame.at_ms % 10_000_000:>7} {frame.connection:>2} {frame.identity} {'>' if frame.from_station else '<'} {frame.text[:240]}"
            for frame in self.frames[-80:]
        )

    async def kill(self) -> None:
        """Its power is cut: what it had not answered it never will, and whoever takes its place knows nothing. The journal stays."""
        self._process.kill()
        await self._process.wait()
        await self._reader

    async def close(self) -> None:
        """End the process by closing its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        await self._reader

    # --- the wire between both halves -----------------------------------------------------------------------------------------------

    async def _do(self, what: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        assert self._process.stdin is not None
        number = next(self._ids)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        self._process.stdin.write(json.dumps({"id": number, "do": what, **arguments}).encode() + b"\n")
        async with asyncio.timeout(2 * TIMEOUT_S):
            answer: dict[str, Any] = await reply
        if (failed := answer.get("failed")) is not None:
            raise AssertionError(f"{what}: {failed}")
        return answer

    async def _listen_to_it(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            message = json.loads(line)
            if (number := message.get("reply")) is not None:
                if not (reply := self._replies.pop(number)).done():
                    reply.set_result(message)
            else:
                self._note(message)
                self._bell.ring()
        for reply in self._replies.values():
            reply.cancel()

    def _note(self, message: dict[str, Any]) -> None:
        match message["event"]:
            case "frame":
                self.frames.append(self._frame(message))
            case "connected":
                number = message["connection"]
                connection = Connection(
                    number=number,
                    identity=message["identity"],
                    endpoint=message["endpoint"],
                    protocol=message["protocol"] or "",
                    at_ms=message["at"],
                )
                self.connections.append(connection)
                self._online[number] = connection
            case "disconnected":
                del self._online[message["connection"]]
            case "violation":
                self.violations.append(f"{message['identity']} {message['from']} {message['method']}: {message['error']}")
            case "refused" | "handshake_failed":
                self.refused.append(message)
            case other:
                raise AssertionError(f"{other}: {message}")

    def _frame(self, message: dict[str, Any]) -> Frame:
        connection = self.connections[message["connection"] - 1]
        return Frame(
            at_ms=message["at"],
            connection=connection.number,
            identity=connection.identity,
            protocol=connection.protocol or self._default_protocol,
            from_station=message["from"] == "station",
            text=message["text"],
            deliberate=message["deliberate"],
        )

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.close()


@contextlib.asynccontextmanager
async def strict_csms(
    *,
    tags: Mapping[str, Mapping[str, str]] | None = None,
    protocols: Sequence[str] = ("ocpp1.6",),
    certificate: tuple[Path, Path] | None = None,
    port: int = 0,
) -> AsyncIterator[StrictCsms]:
    """A running central system; `certificate` is (chain, key) for wss; `port` 0: any that is free."""
    options: dict[str, Any] = {"protocols": list(protocols), "port": port}
    if certificate is not None:
        options["tls"] = {"cert": str(certificate[0]), "key": str(certificate[1])}
    installed("ocpp-rpc")
    process = await asyncio.create_subprocess_exec(
        node_program(),
        str(FOLDER / "strict_csms.js"),
        json.dumps(options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_MAX,
    )
    async with StrictCsms(process, tls=certificate is not None, protocol=protocols[0]) as csms:
        if tags is not None:
            await csms.configure(tags=tags)
        yield csms
