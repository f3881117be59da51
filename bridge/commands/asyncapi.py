"""The AsyncAPI 3 document of the contract, made from the table of topics. It refers to the schemas beside it."""

import json
import re
from typing import Any

from bridge import __version__, schemas
from bridge.mqtt.names import placeholders
from bridge.mqtt.topics import EVERYWHERE, PHASES, TABLE, Direction, Topic

FILE = "asyncapi.json"
ROOT = "evbridge"
"""The default root; the document says that it can be changed."""

_MEANING = {
    "id": "a wallbox, meter or reader: at most 32 of a-z 0-9 -",
    "user": "a user: at most 32 of a-z 0-9 -",
    "cp": "a charge point: at most 32 of a-z 0-9 -",
    "name": "a central system: at most 32 of a-z 0-9 -",
    "source": "a source of energy management: at most 32 of a-z 0-9 -",
    "target": f"a charge point, or `{EVERYWHERE}`",
    "phase": "a phase",
    "alert": "an alert: at most 64 of a-z 0-9 _ -",
    "command": "a command of the bridge: at most 64 of a-z 0-9 _ -",
}


def document() -> dict[str, Any]:
    """The whole of it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "evbridge over MQTT",
            "version": __version__,
            "description": (
                f"Every topic of the bridge. All begin with the configured root, `{ROOT}` by default. State is retained; an event is never."
                " An empty payload means unknown, or removes what was there. Numbers and texts stand bare."
            ),
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {"broker": {"host": "localhost:1883", "protocol": "mqtt", "protocolVersion": "5", "description": "MQTT 5 or 3.1.1"}},
        "channels": {key(row): _channel(row) for row in TABLE},
        "operations": {key(row): _operation(row) for row in TABLE},
        "components": {"messages": {name: _message(name) for name in sorted({row.schema for row in TABLE})}},
    }


def text() -> str:
    """As it stands in the file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def key(row: Topic) -> str:
    """`wallbox_id_plugged`."""
    return re.sub(r"\W+", "_", row.pattern).strip("_")


def _channel(row: Topic) -> dict[str, Any]:
    parameters = {name: _parameter(name) for name in placeholders(row)}
    return {
        "address": f"{ROOT}/{row.pattern}",
        "description": row.about,
        **({"parameters": parameters} if parameters else {}),
        "messages": {row.schema: {"$ref": f"#/components/messages/{row.schema}"}},
    }


def _parameter(name: str) -> dict[str, Any]:
    return {"description": _MEANING[name], **({"enum": list(PHASES)} if name == "phase" else {})}


def _operation(row: Topic) -> dict[str, Any]:
    return {
        "action": "receive" if row.direction is Direction.IN else "send",
        "channel": {"$ref": f"#/channels/{key(row)}"},
        "summary": row.about,
        "messages": [{"$ref": f"#/channels/{key(row)}/messages/{row.schema}"}],
        "bindings": {"mqtt": {"qos": row.qos, "retain": row.retained, "bindingVersion": "0.2.0"}},
    }


def _message(name: str) -> dict[str, Any]:
    schema = schemas.load(name)
    return {
        "title": schema["title"],
        "contentType": "text/plain" if schema.get("type") == "string" else "application/json",
        "payload": {"schemaFormat": "application/schema+json;version=draft-2020-12", "schema": {"$ref": f"./{name}{schemas.ENDING}"}},
    }
