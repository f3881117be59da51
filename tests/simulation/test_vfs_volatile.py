"""What a power cut may leave of a file, and what it may not."""

import random

from tests.simulation.vfs_volatile import SECTOR_BYTES, Operation, Survival, Truncation, Write, keep, settle, survive

ROUNDS = 400


class Paper:
    """A file, its history, and what was done to it since the last sync."""

    def __init__(self, size: int, rng: random.Random) -> None:
        self.image = bytearray(rng.randbytes(size))
        self.synced = bytes(self.image)
        self.history = [self.synced]
        self.operations: list[Operation] = []
        self.rng = rng

    def write(self, offset: int, length: int) -> None:
        before = bytes(self.image[offset : offset + length])
        self.operations.append(Write(offset=offset, length=length, before=before, size_before=len(self.image)))
        self.image[len(self.image) :] = bytes(max(0, offset - len(self.image)))
        self.image[offset : offset + length] = self.rng.randbytes(length)
        self.history.append(bytes(self.image))

    def truncate(self, size: int) -> None:
        self.operations.append(Truncation(size=size, before=bytes(self.image[size:]), size_before=len(self.image)))
        del self.image[size:]
        self.history.append(bytes(self.image))

    def scribble(self, *, truncating: bool = True) -> None:
        for _ in range(self.rng.randrange(1, 8)):
            if truncating and self.rng.random() < 1 / 4:
                self.truncate(self.rng.randrange(len(self.image) + 1))
            else:
                self.write(self.rng.randrange(len(self.image) + 600), self.rng.randrange(1, 2000))

    def kept_with(self, chance: float) -> Survival:
        return keep(bytes(self.image), self.operations, [chance] * len(self.operations), self.rng)


def papers(*, truncating: bool = True) -> list[Paper]:
    drawn = [Paper(random.Random(seed).randrange(4000), random.Random(seed)) for seed in range(ROUNDS)]
    for paper in drawn:
        paper.scribble(truncating=truncating)
    return drawn


def sector(image: bytes, number: int) -> bytes:
    return image[number * SECTOR_BYTES : (number + 1) * SECTOR_BYTES].ljust(SECTOR_BYTES, b"\0")


def test_where_nothing_was_kept_the_file_is_as_it_was_synced() -> None:
    for paper in papers():
        assert paper.kept_with(0.0).image == paper.synced


def test_where_all_was_kept_the_file_is_as_it_was_written() -> None:
    for paper in papers():
        survival = paper.kept_with(1.0)
        assert survival == Survival(image=bytes(paper.image))


def test_every_sector_is_as_it_was_at_some_moment() -> None:
    """Never a mixture: what a sector holds stood in it at one moment since the last sync, or it is empty."""
    torn = 0
    for paper in papers():
        survival = survive(bytes(paper.image), paper.operations, paper.rng)
        torn += survival.torn_writes
        for number in range(-(-len(survival.image) // SECTOR_BYTES)):
            moments = {sector(image, number) for image in paper.history} | {bytes(SECTOR_BYTES)}
            found = sector(survival.image, number)
            assert found in moments or any(_is_begin_of(found, moment) for moment in moments), "the file may end inside of its last sector"
    assert torn > ROUNDS / 4


def _is_begin_of(found: bytes, moment: bytes) -> bool:
    return moment.startswith(found.rstrip(b"\0"))


def test_a_later_sync_does_not_save_what_was_dropped_when_one_failed() -> None:
    """The kernel calls a page clean although its sync failed; only what is written again gets to the disk."""
    paper = Paper(4096, random.Random(1))
    paper.write(0, 1024)
    paper.write(512, 512)
    left = settle(paper.operations, 1, len(paper.image))
    survival = keep(bytes(paper.image), left, [0.0] * len(left), paper.rng)
    assert sector(survival.image, 0) == sector(paper.synced, 0)
    assert sector(survival.image, 1) == sector(bytes(paper.image), 1)
    assert survival.lost_sectors == 1


def test_what_was_synced_behind_a_dropped_write_stays() -> None:
    """The dropped one is a hole full of zeros, not the end of the file."""
    paper = Paper(0, random.Random(1))
    paper.write(0, 512)
    paper.write(512, 512)
    left = settle(paper.operations, 1, 1024)
    survival = keep(bytes(paper.image), left, [0.0], paper.rng)
    assert survival.image == bytes(512) + paper.image[512:]


def test_a_sync_that_succeeds_leaves_nothing_to_lose() -> None:
    for paper in papers():
        assert settle(paper.operations, 0, len(paper.image)) == []


def test_a_truncation_is_safe_with_the_next_sync_even_after_one_failed() -> None:
    paper = Paper(4096, random.Random(1))
    paper.write(0, 512)
    paper.truncate(1024)
    paper.write(512, 10)
    left = settle(paper.operations, 3, len(paper.image))
    assert [type(operation) for operation in left] == [Write]
