"""Cuts at a chosen moment."""

from collections.abc import Callable

from tests.simulation.disk import SimulatedDisk


def cut_at(disk: SimulatedDisk, number: int, *, power: bool = True, then: Callable[[], object] = lambda: None) -> None:
    """Cut before so many further operations are done."""
    last = disk.operations + number

    def look(kind: str, name: str) -> None:
        if disk.operations >= last:
            disk.cut(power=power)
            then()

    disk.on_operation = look
