"""The payload schemas: the contract, shipped in the wheel and enforced at run time. There is no switch to turn them off.

The configuration's schema and the AsyncAPI document lie beside them.
"""

import json
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, TypeAlias

import jsonschema_rs

Schema: TypeAlias = dict[str, Any]
ENDING = ".schema.json"


@cache
def folder() -> Traversable:
    """Where the files are: in an installed wheel beside the code, in a checkout one level up."""
    package = resources.files("bridge")
    shipped = package / "_schemas"
    return shipped if shipped.is_dir() else package / ".." / "schemas"


def names() -> tuple[str, ...]:
    """Names of all schemas, sorted: `tap` for `tap.schema.json`."""
    return tuple(sorted(file.name.removesuffix(ENDING) for file in folder().iterdir() if file.name.endswith(ENDING)))


@cache
def load(name: str) -> Schema:
    """A schema by name. Raises FileNotFoundError where there is none. Callers must not change it."""
    schema: Schema = json.loads((folder() / f"{name}{ENDING}").read_text(encoding="utf-8"))
    return schema


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    """A schema compiled, once. `format` counts: a date of 30 February is no date."""
    return jsonschema_rs.Draft202012Validator(load(name), validate_formats=True)


def problem(name: str, value: object) -> str | None:
    """What is wrong with a value, in words that never quote it (it may hold a tag); None: nothing."""
    compiled = validator(name)
    if compiled.is_valid(value):
        return None
    error = next(compiled.iter_errors(value))
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path).lstrip(".")
    schema: Any = load(name)
    for step in error.schema_path[:-1]:
        schema = schema[step]
    says = _expectation(str(error.schema_path[-1]), schema, error)
    return f"{where}: {says}" if where else says


def _expectation(keyword: str, schema: Schema, error: jsonschema_rs.ValidationError) -> str:
    wanted = schema[keyword]
    match keyword:
        case "type":
            return f"must be {' or '.join(wanted) if isinstance(wanted, list) else wanted}"
        case "enum":
            return f"must be one of {', '.join(choice if isinstance(choice, str) else json.dumps(choice) for choice in wanted)}"
        case "required":
            missing = [key for key in wanted if not isinstance(error.instance, dict) or key not in error.instance]
            return f"{' and '.join(missing)} missing"
        case "minimum" | "exclusiveMinimum":
            return f"must be at least {wanted}"
        case "maximum":
            return f"must be at most {wanted}"
        case "minLength" | "minItems":
            return "must not be empty"
        case "maxLength":
            return f"must be at most {wanted} characters"
        case "maxItems":
            return f"must be at most {wanted} entries"
        case "format":
            return "must be a time in ISO 8601 with an offset, as 2026-01-31T12:00:00Z"
        case _:
            return str(schema.get("description", f"breaks the schema ({keyword})"))
