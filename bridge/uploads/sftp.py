"""By SFTP. Blocks: it brings a loop of its own, so that the site's has nothing to do with keys and ciphers.

The host's key is compared with the file `known_hosts` beside the database, where there is one; without it any key is taken, and what
protects is the list of allowed hosts and that the archive carries no secret.
"""

import asyncio
import contextlib
from pathlib import PurePosixPath
from urllib.parse import unquote

from bridge.uploads.outcome import Sent, of_sftp
from bridge.uploads.parcel import Parcel


def send(parcel: Parcel) -> Sent:
    """One attempt. Raises OSError."""
    try:
        return asyncio.run(_send(parcel))
    except asyncio.CancelledError as cut:
        raise TimeoutError("the attempt was given up") from cut


async def _send(parcel: Parcel) -> Sent:
    # the library takes a third of a second and 15 MB, which most sites never need
    import asyncssh  # noqa: PLC0415

    place = parcel.place
    loop, here = asyncio.get_running_loop(), asyncio.current_task()
    assert here is not None, "inside a task"

    def end() -> None:
        with contextlib.suppress(RuntimeError):  # over already, loop and all
            loop.call_soon_threadsafe(here.cancel)

    parcel.rope.hold(end)
    try:
        async with (
            asyncssh.connect(
                place.host,
                place.port,
                username=place.user or "anonymous",
                password=place.password,
                known_hosts=None if parcel.known_hosts is None else str(parcel.known_hosts),
                # nothing of whoever runs the bridge: no keys, no agent, no settings
                client_keys=None,
                agent_path=None,
                config=None,
                connect_timeout=parcel.silence_s,
                login_timeout=parcel.silence_s,
            ) as connection,
            connection.start_sftp_client() as client,
            client.open(str(PurePosixPath(unquote(place.file(parcel.name)))), "wb") as file,
        ):
            await file.write(parcel.data)
    except asyncssh.SFTPError as refused:
        return of_sftp(refused.code)
    except (asyncssh.PermissionDenied, asyncssh.HostKeyNotVerifiable):
        return Sent.DENIED
    except asyncssh.Error:
        return Sent.FAILED
    return Sent.UPLOADED
