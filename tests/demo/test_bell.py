"""Waiting without polling: at once when it is true, and never for ever."""

import asyncio

import pytest

from bridge.demo.bell import Bell, SceneStuck

SOON_S = 5.0


async def test_it_returns_at_once_when_already_true() -> None:
    await Bell().until(lambda: True, "nothing", within_s=SOON_S)


async def test_every_waiter_is_woken_and_looks_for_itself() -> None:
    """Two who wait for different things never wake each other for good."""
    bell, heard = Bell(), set[str]()

    async def wait(word: str) -> str:
        await bell.until(lambda: word in heard, word, within_s=SOON_S)
        return word

    async with asyncio.TaskGroup() as tasks:
        first, second = tasks.create_task(wait("one")), tasks.create_task(wait("two"))
        for word in ("neither", "two", "one"):
            await asyncio.sleep(0)
            heard.add(word)
            bell.ring()
    assert (first.result(), second.result()) == ("one", "two")


async def test_a_ring_before_the_wait_is_not_lost() -> None:
    bell = Bell()
    bell.ring()
    with pytest.raises(SceneStuck):
        await bell.until(lambda: False, "a thing that never comes", within_s=0.01)


async def test_the_deadline_names_what_was_awaited() -> None:
    """Who reads it must know where the story got stuck."""
    with pytest.raises(SceneStuck, match=r"^waited 0\.01 s for the lamp$") as caught:
        await Bell().until(lambda: False, "the lamp", within_s=0.01)
    assert caught.value.awaited == "the lamp"
