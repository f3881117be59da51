"""The central system's own memory: at least once on the wire is exactly once on the bill."""

from dataclasses import replace

from bridge.demo.book import Book, StartKey

KEY = StartKey(charge_point="EVB-1", connector=1, tag="04A1B2C3", timestamp="2026-11-23T10:00:00.000Z", register_wh=5000)


def stopped(book: Book, *, register_wh: int = 5040, charge_point: str = "EVB-1", transaction_id: int = 1001) -> bool:
    closed = book.stop(charge_point, transaction_id, register_wh=register_wh, timestamp="2026-11-23T10:10:00.000Z", reason="Local")
    return closed is not None


def test_a_start_sent_again_is_the_same_transaction() -> None:
    """An answer lost on the way back must not become a second bill."""
    book = Book()
    first, again = book.start(KEY), book.start(KEY)
    assert first is again
    assert (first.id, first.starts, book.repeated) == (1001, 2, 1)


def test_a_start_with_another_time_is_another_transaction() -> None:
    """That is why the bridge must never recompute it."""
    book = Book()
    assert book.start(KEY).id != book.start(replace(KEY, timestamp="2026-11-23T10:00:01.000Z")).id


def test_the_first_stop_counts() -> None:
    """A repeated stop changes nothing; one with another value is noticed."""
    book = Book()
    assert book.start(KEY).energy_wh is None
    assert stopped(book)
    assert stopped(book)
    (begun,) = book.of("EVB-1")
    assert (begun.energy_wh, begun.reason, begun.stops, book.orphans) == (40, "Local", 2, [])
    assert stopped(book, register_wh=5041)
    assert begun.energy_wh == 40
    assert book.orphans == ["EVB-1: a second stop of transaction 1001 at 5041 Wh, not 5040 Wh"]


def test_messages_about_strangers_are_orphans() -> None:
    """A stop of somebody else's transaction never ends it."""
    book = Book()
    begun = book.start(KEY)
    assert not stopped(book, charge_point="EVB-2")
    assert not stopped(book, transaction_id=-1)
    book.sample("EVB-1", 999)
    assert begun.energy_wh is None
    assert book.orphans == [
        "EVB-2: a stop of transaction 1001, which is not known here",
        "EVB-1: a stop of transaction -1, which is not known here",
        "EVB-1: a reading of transaction 999, which is not known here",
    ]


def test_it_counts_what_arrived() -> None:
    book = Book()
    book.start(KEY)
    book.sample("EVB-1", 1001)
    stopped(book)
    assert book.messages == 3
    assert [known.samples for known in book.of("EVB-1")] == [1]
    assert book.of("EVB-2") == []
