"""The tables of the README that are made from their source, and the places where they stand: `<!-- topics -->` … `<!-- /topics -->`."""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from bridge.cli import parser
from bridge.config.findings import in_full
from bridge.config.form import configuration_schema
from bridge.mqtt.topics import TABLE, Direction
from bridge.ocpp.v16 import keys
from bridge.ocpp.v201 import device_model


def table(heading: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    titles = list(heading)
    lines = [titles, ["---"] * len(titles), *map(list, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in line) + " |" for line in lines)


def topics() -> str:
    """The MQTT contract."""
    return table(
        ("topic", "direction", "stored", "QoS", "payload", "meaning"),
        (
            (
                f"`{row.pattern}`",
                "to the bridge" if row.direction is Direction.IN else "from the bridge",
                "yes" if row.retained else "no",
                str(row.qos),
                f"[{row.schema}](schemas/{row.schema}.schema.json)",
                row.about,
            )
            for row in TABLE
        ),
    )


def commands() -> str:
    """The words of the command line."""
    return table(("command", "what it does", "example"), _words(parser()))


def _words(top: argparse.ArgumentParser) -> Iterator[tuple[str, str, str]]:
    for action in top._actions:  # noqa: SLF001 (argparse has no other way to read its own tables)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 (the same)
            for choice in action._choices_actions:  # noqa: SLF001 (the same)
                epilog = action.choices[choice.dest].epilog or f"evbridge {choice.dest} --help"
                yield f"`evbridge {choice.dest}`", str(choice.help), f"`{epilog.splitlines()[-1].strip()}`"


def configuration() -> str:
    """Every key of the configuration, section by section."""
    schema = configuration_schema()
    loose = {name: section for name, section in schema["properties"].items() if section["type"] != "object"}
    parts = [_section("", "At the top of the file.", loose, schema)] if loose else []
    for name, section in schema["properties"].items():
        if section["type"] == "object":
            each = section.get("additionalProperties")
            title, body = (f"[{name}.ID]", each) if isinstance(each, dict) else (f"[{name}]", section)
            parts.append(_section(title, section["description"], body["properties"], schema))
    return "\n\n".join(parts)


def _section(title: str, about: str, settings: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    heading = f"**`{title}`** {about}" if title else about
    rows = (_setting(name, _resolved(setting, schema)) for name, setting in settings.items())
    return f"{heading}\n\n" + table(("key", "meaning", "default", "example"), rows)


def _resolved(setting: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in setting:
        return setting
    return {**schema["$defs"][setting["$ref"].rpartition("/")[2]], **setting}


def _setting(name: str, setting: Mapping[str, Any]) -> tuple[str, str, str, str]:
    default = f"`{in_full(setting['default'])}`" if "default" in setting else ""
    examples = setting.get("examples", [])
    return f"`{name}`", setting["description"], default, f"`{name} = {in_full(examples[0])}`" if examples else ""


def ocpp16_keys() -> str:
    """The configuration keys of OCPP 1.6."""
    return _settings("key", keys.rows())


def ocpp201_variables() -> str:
    """The variables of the device model of OCPP 2.0.1."""
    return _settings("variable", device_model.rows())


def _settings(what: str, rows: Iterable[tuple[str, str, str, str, str]]) -> str:
    return table(
        (what, "access", "values", "default", "meaning"),
        ((f"`{name}`", access, allowed, f"`{default}`" if default else "", about) for name, access, allowed, default, about in rows),
    )


TABLES: Final[Mapping[str, Callable[[], str]]] = {
    "commands": commands,
    "configuration": configuration,
    "topics": topics,
    "ocpp16-keys": ocpp16_keys,
    "ocpp201-variables": ocpp201_variables,
}
"""By the word of their markers."""


def renewed(readme: str) -> str:
    """The README with every table made anew. Raises ValueError where a table has no place, or a place no table."""
    present = set(re.findall(r"<!-- /([a-z0-9-]+) -->", readme))
    if missing := TABLES.keys() - present:
        raise ValueError(
            f"the README has no place for {', '.join(sorted(missing))}: add <!-- {min(missing)} --> and <!-- /{min(missing)} -->"
        )
    for name, make in TABLES.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, *after = readme.split(begin)
        if len(after) != 1 or after[0].count(end) != 1:
            raise ValueError(f"the README must have <!-- {name} --> and <!-- /{name} --> once, on lines of their own")
        readme = f"{before}{begin}{make()}\n{end}{after[0].split(end)[1]}"
    return readme
