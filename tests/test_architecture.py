"""The map of the code, enforced (design.md §4, house style "The shape"). When it complains, move the code, not the rule.

Each rule is a function from a module's source to complaints; each is shown to complain about a planted line.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TypeAlias

import pytest

ROOT = Path(__file__).parent.parent

MODULE_LINES_MAX = 400
"""House style "Functions and files": one module, one idea."""
FUNCTION_LINES_MAX = 50
"""One function, one screen."""

# --- the map ------------------------------------------------------------------------------------------------------------------------

SHELL = "shell"
"""The modules directly in bridge/ that carry things between the rooms: app, runtime, site …"""

MAP: dict[str, set[str]] = {
    "errors": set(),
    "core": set(),
    "audit": {"core", "errors"},
    "clock": {"core"},
    "schemas": set(),
    "log": set(),
    "locations": set(),
    "mqtt": {"core", "clock", "errors", "schemas"},
    "ocpp": {"core", "clock", "errors", "locations", "schemas"},
    "uploads": {"core", "errors", "locations"},
    "store": {"core", "clock", "errors", "schemas"},
    "tape": {"core", "errors"},
    "config": {"core", "errors", "schemas", "mqtt", "ocpp"},
    SHELL: {"core", "clock", "errors", "locations", "schemas", "log", "mqtt", "ocpp", "store", "tape", "config", "uploads"},
    "commands": {"audit", "core", "clock", "errors", "schemas", "log", "mqtt", "ocpp", "store", "tape", "config", "cli", SHELL},
    "demo": {"audit", "core", "errors", "commands"},
    "cli": {"errors", "commands", "demo"},
    "__main__": {"cli"},
}
"""Room: what it may import beside itself. Everybody may ask `bridge` for the version."""

NARROW: dict[str, set[str]] = {
    "bridge/runtime.py": {"bridge.core", "bridge.clock", "bridge.errors", "bridge.store.protocol", "bridge.ocpp.ports"},
    "bridge/demo/": {
        "bridge.demo",
        "bridge.audit",
        "bridge.core.effects",
        "bridge.core.values",
        "bridge.errors",
        "bridge.commands.terminal",
    },
}
"""Who may import less than their room: only modules that begin so."""

OUTSIDERS: dict[str, set[str]] = {
    "mqtt": {"orjson", "jsonschema_rs"},
    "ocpp": {"orjson", "jsonschema_rs"},
    "store": {"cattrs", "orjson"},
    "tape": {"cattrs", "orjson"},
    "config": {"jsonschema"},
    "schemas": {"jsonschema_rs"},
    "commands": {"rich", "uvloop", "jsonschema", "jsonschema_rs"},
    "demo": {"aiomqtt", "amqtt", "ocpp", "paho", "rich", "uvloop", "websockets"},
}
"""Which libraries a room uses; those that touch a socket or a disk are kept to single modules below."""

SOCKETS: dict[str, set[str]] = {
    "aiomqtt": {"bridge/mqtt/wire.py", "bridge/mqtt/client.py", "bridge/mqtt/trouble.py", "bridge/mqtt/visitor.py"},
    "paho": {"bridge/mqtt/wire.py", "bridge/mqtt/client.py", "bridge/mqtt/trouble.py"},
    "websockets": {"bridge/ocpp/link.py", "bridge/ocpp/websocket.py", "bridge/ocpp/failures.py"},
    "asyncssh": {"bridge/uploads/sftp.py"},
}
"""One module touches the socket of a kind; beside it stands the one that puts its errors into words."""

CORE_MAY_USE = {"bisect", "collections", "dataclasses", "decimal", "enum", "functools", "itertools", "math", "typing"}
"""Of the standard library: nothing that could look at the world."""

IMPURE = {
    "asyncio",
    "ftplib",
    "http",
    "logging",
    "os",
    "select",
    "selectors",
    "shutil",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tempfile",
    "threading",
    "time",
}

PURE_ALL_THE_SAME: dict[str, set[str]] = {
    "bridge/mqtt/trouble.py": {"aiomqtt", "paho"},
    "bridge/ocpp/failures.py": {"http", "socket", "ssl", "websockets"},
    "bridge/ocpp/wire.py": {"ssl"},
}
"""They only name these libraries' exceptions and types."""

READS_OCPP = {"bridge/audit/messages.py"}
"""The auditor's own, second reading of what a central system heard: with the bridge's reading it would share its mistakes."""

CATCH_ALL = {"bridge/ocpp/link.py", "bridge/app.py"}
"""The link's supervisor, and the outermost guard of the process: the only places that survive an error nobody foresaw."""

TELLS_TIME = {"bridge/clock.py", "bridge/log.py", "bridge/store/writer.py"}
"""Where the world's time and fresh ids come from; a line of the log has its own time, and the writing thread has no loop to ask."""


# --- reading ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Module:
    path: str
    source: str

    @property
    def room(self) -> str:
        """The folder below bridge/, or the module itself where it stands alone on the map."""
        parts = Path(self.path).with_suffix("").parts[1:]
        return parts[0] if len(parts) > 1 or parts[0] in MAP or parts[0] == "__init__" else SHELL

    @property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    def imports(self) -> Iterator[str]:
        """Full names of imported modules; `from a import b` counts as `a.b` too, since b may be a module."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names=names):
                    yield from (alias.name for alias in names)
                case ast.ImportFrom(module=str(module), names=names, level=0):
                    yield from (f"{module}.{alias.name}" for alias in names)
                case ast.ImportFrom():
                    yield ".relative"

    def words(self) -> Iterator[str]:
        """Identifiers and texts, without docstrings."""
        tree = self.tree
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
        for node in ast.walk(tree):
            match node:
                case ast.Constant(value=str(text)) if id(node) not in docstrings:
                    yield text
                case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)) | ast.arg(arg=name):
                    yield name
                case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    yield name


Rule: TypeAlias = Callable[[Module], Iterator[str]]


def room_of(imported: str) -> str:
    parts = imported.split(".")
    return parts[1] if parts[1] in MAP else SHELL


@cache
def shells() -> frozenset[str]:
    """Modules of mqtt/ and ocpp/ that do I/O, as the one list of them has it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return frozenset(settings["tool"]["coverage"]["report"]["omit"])


@cache
def actions() -> tuple[str, ...]:
    """Names of OCPP's messages that are no plain English word."""
    names = {file.stem.removesuffix("Request").removesuffix("Response") for file in Path(str(files("ocpp"))).glob("v*/schemas/*.json")}
    return tuple(sorted(name for name in names if len(re.findall("[A-Z]", name)) > 1))


# --- the rules ----------------------------------------------------------------------------------------------------------------------


def rooms_import_what_the_map_allows(module: Module) -> Iterator[str]:
    for imported in module.imports():
        if imported == ".relative":
            yield "imports are written in full"
        elif imported.startswith("bridge.") and imported != "bridge.__version__" and not _is_own_or_allowed(module, imported):
            yield f"{module.room} may not import {imported}"


def _is_own_or_allowed(module: Module, imported: str) -> bool:
    for path, allowed in NARROW.items():
        if module.path.startswith(path):
            return any(imported == name or imported.startswith(f"{name}.") for name in allowed)
    return module.room == "__init__" or room_of(imported) == module.room or room_of(imported) in MAP[module.room]


def libraries_stay_in_their_rooms(module: Module) -> Iterator[str]:
    for imported in module.imports():
        library = imported.split(".")[0]
        if library in sys.stdlib_module_names or library in {"bridge", ""}:
            continue
        if library in SOCKETS and module.room != "demo":
            if module.path not in SOCKETS[library]:
                yield f"only {' and '.join(sorted(SOCKETS[library]))} may import {library}"
        elif library not in OUTSIDERS.get(module.room, set()):
            yield f"{module.room} may not import {library}"


def the_core_sees_nothing_of_the_world(module: Module) -> Iterator[str]:
    if module.room == "core":
        for imported in module.imports():
            if not imported.startswith("bridge.") and imported.split(".")[0] not in CORE_MAY_USE:
                yield f"core may not import {imported}"


def pure_modules_do_no_input_and_output(module: Module) -> Iterator[str]:
    if module.room in {"audit", "mqtt", "ocpp", "tape", "uploads"} and module.path not in shells():
        own_shells = {path.removesuffix(".py").replace("/", ".") for path in shells()}
        for imported in module.imports():
            if imported.split(".")[0] in (IMPURE | SOCKETS.keys()) - PURE_ALL_THE_SAME.get(module.path, set()):
                yield f"is pure, so it may not import {imported}; or it is a shell, then list it in pyproject.toml"
            if any(imported.startswith(shell) for shell in own_shells):
                yield f"is pure, so it may not import the shell {imported}"


def the_configuration_uses_what_is_pure(module: Module) -> Iterator[str]:
    if module.room == "config":
        for imported in module.imports():
            if any(imported.startswith(path.removesuffix(".py").replace("/", ".")) for path in shells()):
                yield f"config may not import the shell {imported}"


def only_the_store_knows_sql(module: Module) -> Iterator[str]:
    if module.room != "store":
        if any(imported.split(".")[0] == "sqlite3" for imported in module.imports()):
            yield "only bridge/store may import sqlite3"
        for text in module.words():
            if re.match(r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s\S+\sSET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\s", text):
                yield f"SQL belongs into bridge/store: {text[:40]}"


TOPIC = re.compile(
    r"(^|/)((wallbox|meter|nfc|users|ems|price|charge_point|csms)/|bridge/(state|info|health|sync|alert|request|response)\b)"
)


def topics_are_named_once(module: Module) -> Iterator[str]:
    if module.room != "demo" and module.path != "bridge/mqtt/topics.py":
        for text in module.words():
            if TOPIC.search(text):
                yield f"a topic outside mqtt/topics.py: {text[:60]}"


def ocpp_is_spoken_in_its_room(module: Module) -> Iterator[str]:
    if module.room not in {"ocpp", "demo"} and module.path not in READS_OCPP:
        for word in module.words():
            for action in actions():
                if action in word:
                    yield f"{action} is a word of OCPP"


def only_the_clock_tells_time_and_draws_ids(module: Module) -> Iterator[str]:
    if module.room == "demo" or module.path in TELLS_TIME:
        return
    for imported in module.imports():
        if imported.split(".")[0] in {"time", "uuid"}:
            yield f"only bridge/clock.py may import {imported}"
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=("now" | "utcnow" | "today") as name):
                yield f"only bridge/clock.py may ask for {name}()"


def errors_nobody_foresaw_are_caught_in_two_places(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = [] if node.type is None else [name.id for name in ast.walk(node.type) if isinstance(name, ast.Name)]
            if (node.type is None or {"Exception", "BaseException"} & set(caught)) and module.path not in CATCH_ALL:
                yield f"line {node.lineno} catches everything"


def nothing_is_longer_than_a_reader_can_hold(module: Module) -> Iterator[str]:
    lines = len(module.source.splitlines())
    if lines > MODULE_LINES_MAX:
        yield f"has {lines} lines; {MODULE_LINES_MAX} are allowed"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            length = node.end_lineno - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield f"{node.name} has {length} lines; {FUNCTION_LINES_MAX} are allowed"


RULES: tuple[Rule, ...] = (
    rooms_import_what_the_map_allows,
    libraries_stay_in_their_rooms,
    the_core_sees_nothing_of_the_world,
    pure_modules_do_no_input_and_output,
    the_configuration_uses_what_is_pure,
    only_the_store_knows_sql,
    topics_are_named_once,
    ocpp_is_spoken_in_its_room,
    only_the_clock_tells_time_and_draws_ids,
    errors_nobody_foresaw_are_caught_in_two_places,
    nothing_is_longer_than_a_reader_can_hold,
)

PLANTED = [
    (rooms_import_what_the_map_allows, "bridge/core/step.py", "from bridge.clock import Clock"),
    (rooms_import_what_the_map_allows, "bridge/core/step.py", "from . import values"),
    (rooms_import_what_the_map_allows, "bridge/mqtt/payloads.py", "from bridge.ocpp.dialect import Json"),
    (rooms_import_what_the_map_allows, "bridge/mqtt/payloads.py", "import bridge.ocpp"),
    (rooms_import_what_the_map_allows, "bridge/ocpp/v16/dialect.py", "from bridge import mqtt"),
    (rooms_import_what_the_map_allows, "bridge/store/sqlite.py", "from bridge.mqtt import topics"),
    (rooms_import_what_the_map_allows, "bridge/ocpp/link.py", "from bridge.runtime import Runtime"),
    (rooms_import_what_the_map_allows, "bridge/runtime.py", "from bridge.mqtt.client import Client"),
    (rooms_import_what_the_map_allows, "bridge/runtime.py", "from bridge.ocpp.link import Link"),
    (rooms_import_what_the_map_allows, "bridge/app.py", "from bridge.demo.story import main"),
    (rooms_import_what_the_map_allows, "bridge/app.py", "def late():\n    from bridge.commands import run"),
    (rooms_import_what_the_map_allows, "bridge/audit/messages.py", "from bridge.ocpp.frames import decode"),
    (rooms_import_what_the_map_allows, "bridge/demo/story.py", "from bridge.core.step import step"),
    (libraries_stay_in_their_rooms, "bridge/ocpp/v16/dialect.py", "from ocpp.v16 import ChargePoint"),
    (libraries_stay_in_their_rooms, "bridge/ocpp/link.py", "import ocpp.charge_point"),
    (libraries_stay_in_their_rooms, "bridge/ocpp/delivery.py", "from websockets.asyncio.client import connect"),
    (libraries_stay_in_their_rooms, "bridge/app.py", "import websockets"),
    (libraries_stay_in_their_rooms, "bridge/mqtt/payloads.py", "import aiomqtt"),
    (libraries_stay_in_their_rooms, "bridge/commands/topics.py", "from paho.mqtt import client"),
    (libraries_stay_in_their_rooms, "bridge/core/step.py", "import attrs"),
    (the_core_sees_nothing_of_the_world, "bridge/core/step.py", "import time"),
    (the_core_sees_nothing_of_the_world, "bridge/core/step.py", "from datetime import datetime"),
    (the_core_sees_nothing_of_the_world, "bridge/core/step.py", "import random"),
    (the_core_sees_nothing_of_the_world, "bridge/core/step.py", "from uuid import uuid4"),
    (the_core_sees_nothing_of_the_world, "bridge/core/step.py", "import logging"),
    (pure_modules_do_no_input_and_output, "bridge/mqtt/payloads.py", "import socket"),
    (pure_modules_do_no_input_and_output, "bridge/audit/messages.py", "import socket"),
    (pure_modules_do_no_input_and_output, "bridge/ocpp/new.py", "import asyncio"),
    (pure_modules_do_no_input_and_output, "bridge/ocpp/v16/dialect.py", "from bridge.ocpp.link import Link"),
    (the_configuration_uses_what_is_pure, "bridge/config/load.py", "from bridge.mqtt.client import Client"),
    (only_the_store_knows_sql, "bridge/commands/queue.py", "import sqlite3"),
    (only_the_store_knows_sql, "bridge/app.py", 'read("SELECT id FROM outbox WHERE x")'),
    (topics_are_named_once, "bridge/mqtt/render.py", 'topic = "charge_point/garage/status"'),
    (topics_are_named_once, "bridge/app.py", 'topic = f"{root}/bridge/state"'),
    (ocpp_is_spoken_in_its_room, "bridge/core/step.py", 'kind = "StartTransaction"'),
    (ocpp_is_spoken_in_its_room, "bridge/audit/case.py", 'kind = "StartTransaction"'),
    (ocpp_is_spoken_in_its_room, "bridge/core/step.py", "class RecordStopTransaction: ..."),
    (ocpp_is_spoken_in_its_room, "bridge/app.py", "link.BootNotification()"),
    (only_the_clock_tells_time_and_draws_ids, "bridge/runtime.py", "import time"),
    (only_the_clock_tells_time_and_draws_ids, "bridge/runtime.py", "now = datetime.now(UTC)"),
    (errors_nobody_foresaw_are_caught_in_two_places, "bridge/runtime.py", "try:\n    pass\nexcept Exception:\n    pass"),
    (errors_nobody_foresaw_are_caught_in_two_places, "bridge/runtime.py", "try:\n    pass\nexcept:\n    pass"),
    (errors_nobody_foresaw_are_caught_in_two_places, "bridge/runtime.py", "try:\n    pass\nexcept (OSError, BaseException):\n    pass"),
    (nothing_is_longer_than_a_reader_can_hold, "bridge/app.py", "x = 1\n" * (MODULE_LINES_MAX + 1)),
    (nothing_is_longer_than_a_reader_can_hold, "bridge/app.py", "def long():\n" + "    x = 1\n" * FUNCTION_LINES_MAX),
]


def modules() -> list[Module]:
    return [Module(path.relative_to(ROOT).as_posix(), path.read_text()) for path in sorted((ROOT / "bridge").rglob("*.py"))]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_code_is_as_the_map_says(rule: Rule) -> None:
    """Whoever looks for something finds it in one room."""
    complaints = [f"{module.path}: {complaint}" for module in modules() for complaint in rule(module)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize("rule, path, source", PLANTED, ids=[f"{row[0].__name__}-{number}" for number, row in enumerate(PLANTED)])
def test_each_rule_sees_what_breaks_it(rule: Rule, path: str, source: str) -> None:
    """A rule that nothing breaks would be no rule."""
    assert list(rule(Module(path, source)))


def test_every_rule_has_been_broken_once() -> None:
    assert {row[0] for row in PLANTED} == set(RULES)


def test_the_list_of_shells_names_modules_that_exist() -> None:
    """A module that is not measured is one that does input and output, today."""
    missing = [path for path in sorted(shells()) if not (ROOT / path).exists()]
    assert missing == []
    harmless = [
        path
        for path in sorted(shells())
        if not any(imported.split(".")[0] in IMPURE | SOCKETS.keys() for imported in Module(path, (ROOT / path).read_text()).imports())
    ]
    assert harmless == [], "these are pure: measure them"


def test_every_room_has_a_door_sign() -> None:
    """What a room owns, what it may import and what it never does stands at its door."""
    for room in sorted((ROOT / "bridge").iterdir()):
        if (room / "__init__.py").exists():
            sign = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
            assert all(word in sign for word in ("Owns", "ay import", "Never")), room.name
