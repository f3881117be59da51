"""`evbridge check` and `evbridge init`."""

from importlib import resources
from pathlib import Path

from rich.table import Table

from bridge.commands.terminal import console, grid, show
from bridge.config import Configuration, load
from bridge.errors import EvbridgeError


def check(path: Path) -> int:
    """Say what is wrong (by ConfigurationRefused), what is odd, and what the bridge would do."""
    configuration = load(path)
    out = console()
    for warning in configuration.warnings:
        out.print(f"warning: {warning}", style="yellow")
    show(_overview(configuration))
    out.print(f"{path}: no problems", style="green")
    return 0


def _overview(configuration: Configuration) -> Table:
    table = grid("charge point", "presented as", "to", "wallbox", "meter", "readers")
    for charge_point in configuration.charge_points.values():
        table.add_row(
            charge_point.id,
            charge_point.identity if charge_point.csms else "local only",
            charge_point.address or "",
            charge_point.wallbox,
            charge_point.meter,
            " ".join(charge_point.readers),
        )
    return table


def init(path: Path, *, force: bool) -> int:
    """Write the starter configuration. Raises EvbridgeError where there is one already."""
    text = (resources.files("bridge.config") / "starter.toml").read_text(encoding="utf-8")
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise EvbridgeError(f"{path} exists already; `evbridge init OTHER` writes another, --force overwrites it") from error
    except OSError as error:
        raise EvbridgeError(f"{path} can't be written ({(error.strerror or str(error)).lower()}); name another place") from error
    console().print(f"{path} is written. Now edit it, then: evbridge check --config {path}")
    return 0
