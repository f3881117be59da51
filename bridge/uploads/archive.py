"""What is sent: one archive with a few text files. Pure."""

import gzip
import io
import tarfile
from collections.abc import Mapping

SIZE_MAX = 16 * 1024 * 1024
"""Of each text in it: more than the journal holds, and little enough to be packed in memory."""


def pack(texts: Mapping[str, str], utc_ms: int) -> bytes:
    """A `.tar.gz`; `utc_ms` is when it was made. Of a text that is too long the newest part stays."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=utc_ms // 1000) as zipped, tarfile.open(fileobj=zipped, mode="w") as archive:
        for name, text in texts.items():
            content = text.encode(errors="replace")[-SIZE_MAX:]
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), utc_ms // 1000
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
