"""Configurations for tests, written as a person writes them."""

from pathlib import Path

import pytest

from bridge.config import Configuration, load
from bridge.errors import ConfigurationRefused

GOOD = """\
[csms.steve]
url = "ws://steve:8180/steve/websocket/CentralSystemService"
[charge_points.garage]
csms = "steve"
"""
"""A garage at a central system; nothing else is needed."""


def loaded(folder: Path, text: str, **environment: str) -> Configuration:
    """The configuration that a text means."""
    file = folder / "evbridge.toml"
    file.write_text(text, encoding="utf-8")
    return load(file, environment=environment)


def refused(folder: Path, text: str, **environment: str) -> tuple[str, ...]:
    """What is told about a text that is wrong."""
    with pytest.raises(ConfigurationRefused) as told:
        loaded(folder, text, **environment)
    return told.value.problems
