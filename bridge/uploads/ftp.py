"""By FTP, and FTPS (RFC 4217, explicit TLS for commands and data). Passive. Blocks."""

import ftplib
import io
import socket
import ssl
from urllib.parse import unquote

from bridge.uploads.outcome import Sent, of_ftp
from bridge.uploads.parcel import Parcel, Rope


class _Plain(ftplib.FTP):
    """Has its data connection on the rope as well."""

    rope: Rope

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open the data connection."""
        opened, size = super().ntransfercmd(cmd, rest)
        self.rope.hold_socket(opened)
        return opened, size


class _Secure(ftplib.FTP_TLS):
    """The same with TLS. Servers want the session of the command connection resumed on the data connection (vsftpd's default)."""

    rope: Rope

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open the data connection."""
        opened, size = ftplib.FTP.ntransfercmd(self, cmd, rest)  # noqa: S321 - wrapped below
        session = self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None
        wrapped = self.context.wrap_socket(opened, server_hostname=self.host, session=session)
        self.rope.hold_socket(wrapped)
        return wrapped, size


def send(parcel: Parcel) -> Sent:
    """One attempt. Raises OSError, EOFError and ValueError (a name with a line break)."""
    place, rope = parcel.place, parcel.rope
    ftp = _Plain(timeout=parcel.silence_s) if parcel.tls is None else _Secure(timeout=parcel.silence_s, context=parcel.tls)
    ftp.rope = rope
    try:
        ftp.connect(place.host, place.port)
        rope.hold_socket(ftp.sock)
        # without a user this is anonymous; with TLS the password goes out after the handshake
        ftp.login(place.user or "", place.password or "")
        if isinstance(ftp, _Secure):
            rope.hold_socket(ftp.sock)
            ftp.prot_p()
        # below the directory of the user, as everybody reads such a URL (RFC 1738 §3.2.2)
        ftp.storbinary("STOR " + unquote(place.file(parcel.name)).removeprefix("/"), io.BytesIO(parcel.data))
        ftp.quit()
    except ftplib.Error as refused:
        return of_ftp(str(refused))
    finally:
        ftp.close()
    return Sent.UPLOADED
