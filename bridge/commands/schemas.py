"""`evbridge schemas`: nothing that is made from something else may differ from it."""

from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError

from bridge import schemas
from bridge.commands import readme
from bridge.commands.terminal import console
from bridge.errors import EvbridgeError
from bridge.mqtt import asyncapi
from bridge.mqtt.messages import Request
from bridge.mqtt.topics import TABLE

README = "README.md"


def check() -> int:
    """Say what differs."""
    out = console()
    found = list(_differences())
    for line in found:
        out.print(line, style="red")
    if not found:
        out.print(f"{len(schemas.names())} schemas, {len(TABLE)} topics: all as they should be", style="green")
    return 1 if found else 0


def write() -> int:
    """Make anew what is made from something else."""
    root = _checkout()
    if root is None:
        raise EvbridgeError("there is nothing to write here: this is an installed bridge, not a checkout of its source")
    (root / "schemas" / asyncapi.FILE).write_text(asyncapi.text(), encoding="utf-8")
    page = root / README
    page.write_text(readme.renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
    return check()


def _checkout() -> Path | None:
    """The folder of the source, if this is one."""
    root = Path(__file__).parent.parent.parent
    return root if (root / "pyproject.toml").exists() and (root / "schemas").is_dir() else None


def _differences() -> Iterator[str]:
    unsound = [*_schemas(), *_names()]
    yield from unsound
    if not unsound:  # else it can't be made of them
        yield from _document()
    root = _checkout()
    if root is not None:
        yield from _page((root / README).read_text(encoding="utf-8"))


def _schemas() -> Iterator[str]:
    """Each schema is one, and both libraries take its examples."""
    for name in schemas.names():
        schema = schemas.load(name)
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:
            yield f"schemas/{name}{schemas.ENDING} is no schema: {error.message}"
            continue
        examples = schema.get("examples", [])
        if not examples:
            yield f"schemas/{name}{schemas.ENDING} has no examples"
        slow = Draft202012Validator(schema, format_checker=FormatChecker())
        fast = jsonschema_rs.Draft202012Validator(schema)
        for number, example in enumerate(examples):
            if not slow.is_valid(example) or not fast.is_valid(example):
                yield f"schemas/{name}{schemas.ENDING}: its example {number} is not valid"


def _names() -> Iterator[str]:
    """Each topic has its schema, and each schema its use."""
    used = {row.schema for row in TABLE} | {f"request_{request.value}" for request in Request} | {"configuration"}
    for name in sorted(used - set(schemas.names())):
        yield f"schemas/{name}{schemas.ENDING} is missing"
    for name in sorted(set(schemas.names()) - used):
        yield f"schemas/{name}{schemas.ENDING} is used by no topic"


def _document() -> Iterator[str]:
    file = schemas.folder() / asyncapi.FILE
    if not file.is_file() or file.read_text(encoding="utf-8") != asyncapi.text():
        yield f"schemas/{asyncapi.FILE} differs from the table of topics; `evbridge schemas --write` writes it anew"


def _page(page: str) -> Iterator[str]:
    try:
        if readme.renewed(page) != page:
            yield f"{README}: a table differs from its source; `evbridge schemas --write` writes it anew"
    except ValueError as error:
        yield str(error)
