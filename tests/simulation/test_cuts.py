"""Wherever the bridge is cut, nothing is lost and nothing is billed twice (reliability.md D1, D3)."""

import os

import pytest

from tests.simulation.cuts import VERSIONS, Cut, Enumeration, play
from tests.simulation.scenes import SCENES

EVERYTHING = os.environ.get("EVBRIDGE_TEST_CUTS") == "all"
"""What there is otherwise no time for, too: some twenty minutes."""


@pytest.mark.timeout(900)  # hundreds of lives, at half a minute of computing; a loaded machine takes minutes
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scene", SCENES)
def test_a_cut_anywhere_loses_and_doubles_nothing(scene: str, version: str) -> None:
    """Killed, or without power, after any commit, message or answer, and again while it recovers: every Wh is on one bill."""
    enumeration = Enumeration(scene=scene, version=version, everything=EVERYTHING).run()
    assert not enumeration.wrong, "\n".join(enumeration.wrong)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("scene", SCENES)
def test_a_scene_is_the_same_every_time(scene: str, version: str) -> None:
    """Otherwise a point would not be where it was counted."""
    assert play(scene, version) == play(scene, version)


@pytest.mark.parametrize("text", ["kill@3", "power@12", "kill@disk7", "power@disk40"])
def test_a_cut_is_told_as_the_command_line_takes_it(text: str) -> None:
    """What a failure prints can be pasted."""
    assert str(Cut.parse(text)) == text


def test_a_cut_that_never_came_is_told() -> None:
    """Nobody counts on a cut that did not happen."""
    assert play("local", "ocpp1.6", [Cut(number=5, power=True), Cut(number=9_999, power=False)]).wrong == ("kill@9999 never came",)


def test_every_cut_ends_a_life() -> None:
    """In the middle of an operation of the disk, too."""
    cuts = [Cut(number=30, power=True), Cut(number=9, power=False, disk=True), Cut(number=4, power=False)]
    played = play("charge", "ocpp1.6", cuts)
    assert (played.wrong, len(played.persists), played.points[-1].life) == ((), 3, 4)
