"""The archive."""

import pytest

from bridge.uploads import archive
from tests.peers.file_server import unpacked

WHEN_MS = 1_795_341_600_000


def test_an_archive_holds_its_texts() -> None:
    packed = archive.pack({"journal.log": "zeile\nüber\n", "about.json": "{}"}, WHEN_MS)
    assert unpacked(packed) == {"journal.log": "zeile\nüber\n", "about.json": "{}"}
    assert packed == archive.pack({"journal.log": "zeile\nüber\n", "about.json": "{}"}, WHEN_MS), "nothing of the host is in it"


def test_of_a_text_that_is_too_long_the_newest_part_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "SIZE_MAX", 4)
    assert unpacked(archive.pack({"journal.log": "0123456789"}, WHEN_MS)) == {"journal.log": "6789"}
