"""The embedded broker, amqtt, in a process of its own: connections it leaves open when it ends then end with it. For the demo only.

python -m bridge.demo.embedded HOST PORT
"""

import asyncio
import logging
import os
import sys
import threading

ANONYMOUS = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
"""The only plugin: nobody needs amqtt's $SYS topics."""


async def serve(host: str, port: int) -> None:
    """Serve MQTT 3.1.1 for ever. Exits with one line where the port is taken."""
    from amqtt.broker import Broker  # noqa: PLC0415 - the optional extra
    from amqtt.errors import BrokerError  # noqa: PLC0415 - the optional extra

    broker = Broker({"listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}}, "plugins": ANONYMOUS})
    try:
        await broker.start()
    except BrokerError as error:
        sys.exit(str(error))
    await asyncio.Event().wait()


def end_with_parent() -> None:
    """Whoever started us holds the other end of standard input: when it is gone, for whatever reason, so are we."""
    sys.stdin.buffer.read()
    os._exit(0)


def main(host: str, port: str) -> None:
    """Serve until told to end."""
    # Its warnings about clients that vanish are what a demo that kills its client is about.
    logging.basicConfig(level=logging.CRITICAL)
    threading.Thread(target=end_with_parent, daemon=True).start()
    asyncio.run(serve(host, int(port)))


if __name__ == "__main__":
    main(*sys.argv[1:])
