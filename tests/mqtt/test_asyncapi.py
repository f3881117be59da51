"""The AsyncAPI document is generated, shipped, and whole."""

from collections.abc import Iterator
from typing import Any

import pytest

from bridge import schemas
from bridge.mqtt.asyncapi import FILE, document, text
from bridge.mqtt.topics import TABLE, Direction, Topic

DOCUMENT = document()


def _references(part: object) -> Iterator[str]:
    match part:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for value in part.values():
                yield from _references(value)
        case list():
            for value in part:
                yield from _references(value)
        case _:
            pass


def _at(pointer: str) -> Any:  # noqa: ANN401 (a part of a JSON document)
    part: Any = DOCUMENT
    for step in pointer.removeprefix("#/").split("/"):
        part = part[step]
    return part


def test_the_shipped_document_is_the_generated_one() -> None:
    """`evbridge schemas --check` says the same, and `--write` mends it."""
    assert (schemas.folder() / FILE).read_text(encoding="utf-8") == text()


def test_every_reference_leads_somewhere() -> None:
    references = set(_references(DOCUMENT))
    assert len(references) > 100
    for reference in references:
        assert _at(reference)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.pattern)
def test_every_topic_is_a_channel_with_an_operation(row: Topic) -> None:
    (key,) = [key for key, channel in DOCUMENT["channels"].items() if channel["address"] == f"evbridge/{row.pattern}"]
    operation = DOCUMENT["operations"][key]
    assert operation["action"] == ("receive" if row.direction is Direction.IN else "send")
    assert operation["bindings"]["mqtt"]["retain"] is row.retained
    assert operation["bindings"]["mqtt"]["qos"] == row.qos
    assert ("messageExpiryInterval" in operation["bindings"]["mqtt"]) is (row.expiry_s is not None)
    assert set(DOCUMENT["channels"][key].get("parameters", {})) == set(_placeholders(row.pattern))


def _placeholders(pattern: str) -> list[str]:
    return [level.strip("{}") for level in pattern.split("/") if level.startswith("{")]


def test_a_request_names_its_answer() -> None:
    assert DOCUMENT["operations"]["bridge.request.command"]["reply"]["channel"] == {"$ref": "#/channels/bridge.response.command"}
    assert len(DOCUMENT["channels"]["bridge.request.command"]["messages"]) == 8


def test_text_and_json_are_told_apart() -> None:
    messages = DOCUMENT["components"]["messages"]
    assert messages["cp_state"]["contentType"] == "text/plain"
    assert messages["truth"]["contentType"] == "application/json"
    assert messages["tap"]["examples"][0]["payload"] == {"tag": "04A2B3C4D5E6F7"}
