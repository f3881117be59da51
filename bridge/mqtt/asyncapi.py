"""The contract as an AsyncAPI 3.0 document, generated from the table of topics and the schemas. Pure."""

import json
from typing import Any, Final

from bridge import schemas
from bridge.core.alerts import AlertId
from bridge.mqtt import topics
from bridge.mqtt.messages import Request
from bridge.mqtt.names import placeholders
from bridge.mqtt.payloads import is_text
from bridge.mqtt.topics import EVERYWHERE, PHASES, TABLE, Direction, Nature, Topic

ROOT = "evbridge"
"""The document shows the default root."""
FILE = "asyncapi.json"
"""Its name among the schemas."""

_MEANINGS: Final = {
    "id": "The wallbox's, meter's or reader's id: at most 32 of a-z 0-9 -.",
    "user": "The user's id.",
    "cp": "The charge point's id.",
    "source": "Who manages energy: each source has a name of its own.",
    "target": f"A charge point's id, or {EVERYWHERE}.",
    "name": "The central system's name in the configuration.",
    "alert": "The alert's id, of a closed list.",
    "command": "What is asked for.",
    "phase": "The phase.",
}
_CHOICES: Final = {"phase": list(PHASES), "command": [one.value for one in Request], "alert": [one.value for one in AlertId]}


def text() -> str:
    """As it stands in the file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    """The whole of it. The application it describes is the bridge."""
    used = sorted({row.schema for row in TABLE} | {f"request_{one.value}" for one in Request})
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "evbridge",
            # of the contract: additive changes only; a break gets a new root, and both are served for one release
            "version": "1.0.0",
            "description": "OCPP for any wallbox that speaks MQTT. All topics begin with the configured root, "
            f"`{ROOT}` by default. An empty payload on a retained topic means unknown or removed. "
            "Events are never retained; a retained one is dropped. Keys a reader does not know are to be ignored.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": _server()},
        "channels": {_key(row): _channel(row) for row in TABLE},
        "operations": {_key(row): _operation(row) for row in TABLE},
        "components": {"messages": {name: _message(name) for name in used}, "schemas": {name: _schema(name) for name in used}},
    }


def _server() -> dict[str, Any]:
    will = {"topic": f"{ROOT}/{topics.BRIDGE_STATE.pattern}", "qos": 1, "message": "offline", "retain": True}
    return {
        "host": "localhost:1883",
        "protocol": "mqtt",
        "protocolVersion": "5.0",
        "description": "Any broker that speaks MQTT 5 or 3.1.1.",
        "bindings": {"mqtt": {"cleanSession": True, "lastWill": will, "bindingVersion": "0.2.0"}},
    }


def _key(row: Topic) -> str:
    return row.pattern.replace("/", ".").replace("{", "").replace("}", "")


def _messages(row: Topic) -> list[str]:
    return [f"request_{one.value}" for one in Request] if row is topics.REQUEST else [row.schema]


def _channel(row: Topic) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": f"{ROOT}/{row.pattern}",
        "description": row.about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages(row)},
    }
    wanted = placeholders(row)
    if wanted:
        channel["parameters"] = {name: _parameter(name) for name in wanted}
    return channel


def _parameter(name: str) -> dict[str, Any]:
    parameter: dict[str, Any] = {"description": _MEANINGS[name]}
    if name in _CHOICES:
        parameter["enum"] = _CHOICES[name]
    return parameter


def _operation(row: Topic) -> dict[str, Any]:
    binding: dict[str, Any] = {"qos": row.qos, "retain": row.nature is Nature.STATE, "bindingVersion": "0.2.0"}
    if row.expiry_s is not None:
        binding["messageExpiryInterval"] = int(row.expiry_s)
    operation: dict[str, Any] = {
        "action": "receive" if row.direction is Direction.IN else "send",
        "channel": {"$ref": f"#/channels/{_key(row)}"},
        "summary": row.about,
        "messages": [{"$ref": f"#/channels/{_key(row)}/messages/{name}"} for name in _messages(row)],
        "bindings": {"mqtt": binding},
    }
    if row is topics.REQUEST:
        operation["reply"] = {"channel": {"$ref": f"#/channels/{_key(topics.RESPONSE)}"}}
    return operation


def _message(name: str) -> dict[str, Any]:
    schema = schemas.load(name)
    return {
        "name": name,
        "title": schema["title"],
        "contentType": "text/plain" if is_text(name) else "application/json",
        "payload": {"$ref": f"#/components/schemas/{name}"},
        "examples": [{"payload": example} for example in schema["examples"]],
    }


def _schema(name: str) -> dict[str, Any]:
    """Without what AsyncAPI's own dialect does not know; the rest is the same in both."""
    return {key: value for key, value in schemas.load(name).items() if key not in {"$schema", "$id", "$defs", "examples"}}
