"""The topics as the hardware's side spells them: copied from the README's table, as an installer would, not from the bridge's code.

A peer that shared the bridge's own names could never notice that they are wrong.
"""

ROOT = "evbridge"
"""The default, so that what is seen in the demo looks like at home."""


def wallbox(name: str, leaf: str) -> str:
    """Something a wallbox tells of itself, or is commanded (`command/…`)."""
    return f"{ROOT}/wallbox/{name}/{leaf}"


def meter(name: str, leaf: str) -> str:
    """Something a meter tells."""
    return f"{ROOT}/meter/{name}/{leaf}"


def reader(name: str, leaf: str) -> str:
    """A tap at a reader, and what comes back to it: `decision` and `led`."""
    return f"{ROOT}/nfc/{name}/{leaf}"


def energy_management(source: str, target: str, leaf: str) -> str:
    """What a source of energy management says of a charge point, or of `all`."""
    return f"{ROOT}/ems/{source}/{target}/{leaf}"


def charge_point(name: str, leaf: str) -> str:
    """What the bridge shows of a charge point."""
    return f"{ROOT}/charge_point/{name}/{leaf}"


def bridge(leaf: str) -> str:
    """What the bridge shows of itself."""
    return f"{ROOT}/bridge/{leaf}"


def everything_shown() -> tuple[str, ...]:
    """Filters of all the bridge shows to whoever looks on."""
    return f"{ROOT}/charge_point/#", f"{ROOT}/csms/#", f"{ROOT}/bridge/#"


def levels(topic: str) -> list[str]:
    """A topic level by level, without the root."""
    return topic.removeprefix(f"{ROOT}/").split("/")


def how_to_look_on(host: str, port: int) -> tuple[str, ...]:
    """What a person clicks or types to see everything that passes."""
    return (
        f"MQTT Explorer: host {host}, port {port}, no user; open `{ROOT}`",
        f"mosquitto_sub -h {host} -p {port} -v -t '{ROOT}/#'",
    )
