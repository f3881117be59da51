"""Servers that take files, on loopback: HTTP and FTP by hand, SFTP by asyncssh. They are somebody else's code on purpose.

async with web_server() as server:
server.url            # http://127.0.0.1:…/
server.files          # what was sent: path to content
"""

import asyncio
import contextlib
import io
import ssl
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import asyncssh

from tests.peers.waiting import Bell, end

HOST = "127.0.0.1"


@dataclass(slots=True, kw_only=True)
class FileServer:
    """What all of them have."""

    port: int
    scheme: str
    files: dict[str, bytes] = field(default_factory=dict)
    """By path, in the order they came."""
    asked: list[str] = field(default_factory=list)
    """What was said to it, a line for each request."""
    refusal: int | None = None
    """Answer everything with this."""
    puts: bool = True
    """HTTP: takes PUT, not only POST."""
    held: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: goes on. Cleared: says nothing until it is set."""
    bell: Bell = field(default_factory=Bell)

    @property
    def url(self) -> str:
        """Its root."""
        return f"{self.scheme}://{HOST}:{self.port}/"

    async def received(self, count: int = 1) -> tuple[str, bytes]:
        """The path and content of the `count`-th file; waits for it."""
        await self.bell.until(lambda: len(self.files) >= count or None, lambda: f"{count} files; {list(self.files)} {self.asked}")
        return list(self.files.items())[count - 1]

    async def was_asked(self, count: int = 1) -> None:
        """It has been asked so often; waits for it."""
        await self.bell.until(lambda: len(self.asked) >= count or None, lambda: f"{count} requests; {self.asked}")

    def note(self, line: str) -> None:
        """Somebody said something."""
        self.asked.append(line)
        self.bell.ring()

    def take(self, path: str, content: bytes) -> None:
        """Keep a file."""
        self.files[path] = content
        self.bell.ring()


def unpacked(content: bytes) -> Mapping[str, str]:
    """The texts of an archive, by name."""
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        told = {}
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            told[member.name] = file.read().decode()
    return told


Talk: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def _listening(server: FileServer, talk: Talk, tls: ssl.SSLContext | None) -> AsyncIterator[None]:
    """Talk to whoever comes; at the end nobody is left."""
    talks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        here = asyncio.current_task()
        assert here is not None
        talks.add(here)
        plain = writer.transport
        try:
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever came has gone
        finally:
            writer.close()
            plain.close()
            talks.discard(here)

    async with await asyncio.start_server(serve, HOST, 0, ssl=tls) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield
        for task in list(talks):
            await end(task, OSError)
        for _ in range(5):
            await asyncio.sleep(0)  # what has been accepted meanwhile is closed in the loop's next turns


# --- HTTP -------------------------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def web_server(tls: ssl.SSLContext | None = None) -> AsyncIterator[FileServer]:
    """An HTTP server that takes whatever is PUT or POSTed."""
    server = FileServer(port=0, scheme="http" if tls is None else "https")
    server.held.set()

    async with _listening(server, lambda reader, writer: _web(server, reader, writer), tls):
        yield server


async def _web(server: FileServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    line, *rest = head.split("\r\n")
    method, path, _ = line.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (one.partition(":") for one in rest if one)}
    content = await reader.readexactly(int(headers.get("content-length", 0)))
    server.note(f"{method} {path} {headers.get('authorization', '')}".strip())
    await server.held.wait()
    status = server.refusal or (405 if method == "PUT" and not server.puts else 201)
    if status == 201:
        server.take(path, _file_of(content, headers["content-type"]))
    location = f"Location: {server.url}elsewhere\r\n" if 300 <= status < 400 else ""
    writer.write(f"HTTP/1.1 {status} Told\r\n{location}Content-Length: 2\r\nConnection: close\r\n\r\nok".encode())
    await writer.drain()


def _file_of(content: bytes, kind: str) -> bytes:
    """Out of a form, where it is one."""
    _, _, boundary = kind.partition("boundary=")
    if not boundary:
        return content
    part = content.split(f"--{boundary}".encode())[1]
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


# --- FTP --------------------------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def ftp_server(*, user: str = "ada", password: str = "secret", tls: ssl.SSLContext | None = None) -> AsyncIterator[FileServer]:
    """An FTP server with one user, passive mode and STOR; with `tls` it wants AUTH TLS first."""
    server = FileServer(port=0, scheme="ftp" if tls is None else "ftps")
    server.held.set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ftp = _Ftp(server, reader, writer, (user, password), tls)
        try:
            await ftp.serve()
        finally:
            ftp.end()

    async with _listening(server, talk, None):
        yield server


class _Ftp:
    def __init__(
        self,
        server: FileServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        account: tuple[str, str],
        tls: ssl.SSLContext | None,
    ) -> None:
        self.server, self.reader, self.writer, self.account, self.tls = server, reader, writer, account, tls
        self.name = ""
        self.secured = tls is None
        self.content: asyncio.Future[bytes] | None = None
        self.data: asyncio.Server | None = None
        self.open: asyncio.StreamWriter | None = None
        self.over = False

    async def say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())
        await self.writer.drain()

    async def serve(self) -> None:
        await self.say("220 here")
        while line := (await self.reader.readline()).decode().strip():
            word, _, rest = line.partition(" ")
            self.server.note(line)
            await self.server.held.wait()
            if word.upper() == "QUIT":
                await self.say("221 bye")
                break
            await self.answer(word.upper(), rest)

    def end(self) -> None:
        if self.data is not None:
            self.data.close()
        if self.open is not None:
            self.open.close()
        self.over = True

    async def answer(self, word: str, rest: str) -> None:
        match word:
            case "AUTH" if self.tls is not None:
                await self.say("234 go ahead")
                await self.writer.start_tls(self.tls)
                self.secured = True
            case "USER" if not self.secured:
                await self.say("530 TLS first")
            case "USER":
                self.name = rest
                await self.say("331 password?")
            case "PASS":
                await self.say("230 welcome" if (self.name, rest) == self.account else "530 no")
            case "TYPE" | "PBSZ" | "PROT":
                await self.say("200 fine")
            case "PASV":
                await self.passive()
            case "STOR":
                await self.store(rest)
            case _:
                await self.say("502 what?")

    async def passive(self) -> None:
        content = self.content = asyncio.get_running_loop().create_future()

        async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.open = writer
            if self.over:
                writer.close()
            else:
                content.set_result(await reader.read())

        self.data = await asyncio.start_server(receive, HOST, 0, ssl=self.tls)
        port = self.data.sockets[0].getsockname()[1]
        await self.say(f"227 here ({HOST.replace('.', ',')},{port // 256},{port % 256})")

    async def store(self, path: str) -> None:
        assert self.content is not None
        if self.server.refusal is not None:
            await self.say(f"{self.server.refusal} no")
            return
        await self.say("150 send it")
        self.server.take(path, await self.content)
        await self.say("226 got it")


# --- SFTP -------------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class SshServer:
    """An SFTP server whose root is a folder."""

    port: int
    folder: Path
    public_key: str

    @property
    def url(self) -> str:
        """Its root, with its one user."""
        return f"sftp://ada:secret@{HOST}:{self.port}/"


class _Doorkeeper(asyncssh.SSHServer):
    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("ada", "secret")


@contextlib.asynccontextmanager
async def sftp_server(folder: Path) -> AsyncIterator[SshServer]:
    """Takes files into a folder."""
    key = asyncssh.generate_private_key("ssh-ed25519")

    def root(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(folder).encode())

    server = await asyncssh.listen(HOST, 0, server_factory=_Doorkeeper, server_host_keys=[key], sftp_factory=root)
    try:
        yield SshServer(port=server.get_port(), folder=folder, public_key=key.export_public_key().decode())
    finally:
        server.close()
        await server.wait_closed()
