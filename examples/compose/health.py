"""Health check of the bridge's container: the bridge answers a request over MQTT, so the broker and its core are alive."""

import asyncio
import json
import os
import secrets
import sys
import tomllib
from pathlib import Path
from typing import Any

import aiomqtt

CONFIGURATION = Path(os.environ.get("EVBRIDGE_CONFIG", "/etc/evbridge/bridge.toml"))
ANSWER_S = 5.0
"""The bridge answers in milliseconds; a loaded machine is not an ill one."""


async def healthy(settings: dict[str, Any], password: str | None) -> bool:
    """Whether the bridge answers `status` in time; `settings` is its table [mqtt]."""
    root = settings.get("root", "evbridge")
    transaction = secrets.token_hex(8)
    async with (
        asyncio.timeout(ANSWER_S),
        aiomqtt.Client(settings["host"], settings.get("port", 1883), username=settings.get("user"), password=password) as client,
    ):
        await client.subscribe(f"{root}/bridge/response/status", qos=1)
        await client.publish(f"{root}/bridge/request/status", json.dumps({"transaction": transaction}), qos=1)
        async for message in client.messages:
            answer = json.loads(message.payload)
            if answer["transaction"] == transaction:
                return bool(answer["status"] == "ok")
    return False


if __name__ == "__main__":
    mqtt = tomllib.loads(CONFIGURATION.read_text())["mqtt"]
    secret = Path(mqtt["password_file"]).read_text().strip() if "password_file" in mqtt else None
    try:
        sys.exit(0 if asyncio.run(healthy(mqtt, secret)) else "the bridge answered with an error")
    except (TimeoutError, aiomqtt.MqttError) as problem:
        sys.exit(f"the bridge does not answer: {problem!r}")
