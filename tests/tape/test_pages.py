"""A file that was being written when the power went is read as far as it goes."""

import gzip
from io import BytesIO

import pytest

from bridge.tape.pages import Pages, packed

LINES = [b'{"line":%d}\n' % number for number in range(100)]
FILE = packed(b"".join(LINES[:50])) + packed(b"".join(LINES[50:]))


def read(file: bytes) -> tuple[list[bytes], bool]:
    pages = Pages(BytesIO(file))
    return list(pages), pages.torn


def test_pages_come_back_line_by_line() -> None:
    assert read(FILE) == (LINES, False)


def test_any_tool_reads_them() -> None:
    """`zcat` shows what is recorded."""
    assert gzip.decompress(FILE) == b"".join(LINES)


def test_nothing_is_no_line() -> None:
    assert read(b"") == ([], False)


def test_every_torn_end_is_told_and_what_stands_before_it_is_read() -> None:
    whole = len(packed(b"".join(LINES[:50])))
    for length in range(1, len(FILE)):
        lines, torn = read(FILE[:length])
        assert lines == LINES[: len(lines)]
        assert torn == (length != whole)
        assert length < whole or len(lines) >= 50


@pytest.mark.parametrize("spoilt", [b"no tape at all", FILE + b"rubbish", FILE[:-9] + b"\0" + FILE[-8:]], ids=["none", "behind", "sum"])
def test_what_is_spoilt_is_told(spoilt: bytes) -> None:
    """The pages before it are as they were."""
    lines, torn = read(spoilt)
    assert torn
    assert lines[:50] == LINES[: min(len(lines), 50)]


def test_a_line_without_its_end_is_none() -> None:
    assert read(packed(b"".join(LINES) + b'{"li')) == (LINES, True)
