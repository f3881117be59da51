"""By HTTP and HTTPS: PUT below the location; where the server does not take PUT, POST to it, as a form does. No redirects. Blocks."""

import base64
import http.client

from bridge import __version__
from bridge.uploads.outcome import Sent, of_web
from bridge.uploads.parcel import Parcel

ANSWER_MAX = 65_536
"""What is read of an answer nobody reads."""
NOT_HERE = {404, 405, 409, 501}
"""What servers say to PUT that want POST: to a path that is none, or to a method they don't have."""
_BOUNDARY = "evbridge-fd7a4d9c5c1e4f0b"


def send(parcel: Parcel) -> Sent:
    """One attempt. Raises OSError, ValueError and http.client.HTTPException."""
    place = parcel.place
    status = _request(parcel, "PUT", place.file(parcel.name), parcel.data, "application/gzip")
    if status in NOT_HERE:
        form = _form(parcel.name, parcel.data)
        status = _request(parcel, "POST", place.path, form, f"multipart/form-data; boundary={_BOUNDARY}")
    return of_web(status)


def _request(parcel: Parcel, method: str, path: str, body: bytes, kind: str) -> int:
    place = parcel.place
    if parcel.tls is None:
        connection = http.client.HTTPConnection(place.host, place.port, timeout=parcel.silence_s)
    else:
        connection = http.client.HTTPSConnection(place.host, place.port, timeout=parcel.silence_s, context=parcel.tls)
    headers = {"Content-Type": kind, "User-Agent": f"evbridge/{__version__}", "Connection": "close"}
    if place.user is not None:
        secret = f"{place.user}:{place.password or ''}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(secret).decode()
    try:
        connection.connect()
        parcel.rope.hold_socket(connection.sock)
        connection.request(method, f"{path}?{place.query}" if place.query else path, body=body, headers=headers)
        answer = connection.getresponse()
        answer.read(ANSWER_MAX)
        return answer.status
    finally:
        connection.close()


def _form(name: str, data: bytes) -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: application/gzip\r\n\r\n'
    return head.encode() + data + f"\r\n--{_BOUNDARY}--\r\n".encode()
