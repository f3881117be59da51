"""What is wrong with the form of a document, told in sentences."""

from collections.abc import Iterator

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from bridge.config.findings import Document, Finding, Step, as_written, did_you_mean, one_of
from bridge.schemas import load

_UNQUOTED = {"nfc", "ocpp_tag"}
"""Keys whose values are tags: they are not repeated in messages."""

_SECRETS = {"password", "passwort", "pass", "secret", "authorization_key"}

_WORDS = {
    "string": "a text in quotes",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list in brackets",
    "object": "a table",
}


def breaches(document: Document, sound: Document) -> list[Finding]:
    """Every breach of the schema. What is broken is taken out of `sound`, which is a copy of the document."""
    findings: list[Finding] = []
    for error in Draft202012Validator(load("configuration")).iter_errors(document):
        findings += _told(error)
        _prune(sound, error)
    return findings


def _told(error: ValidationError) -> Iterator[Finding]:
    path = tuple(error.absolute_path)
    schema: Document = dict(error.schema) if isinstance(error.schema, dict) else {}
    if "propertyNames" in error.absolute_schema_path:
        yield Finding((*path, str(error.instance)), f"can't be an ID; write {schema['hint']}")
        return
    match error.validator:
        case "additionalProperties":
            for key in _extra(error):
                yield Finding((*path, key), f"is unknown; {_instead_of_key(key, list(schema['properties']))}")
        case "required":
            for key in schema["required"]:
                if key not in _keys(error):
                    yield Finding((*path, key), f"is missing; {_missing(key, schema['properties'][key])}")
        case "minProperties":
            yield Finding(path, "is empty; write at least one table in it, for example [charge_points.garage]")
        case "maxProperties" | "maxItems":
            yield Finding(path, f"has more than {error.validator_value} entries; take some out")
        case "uniqueItems":
            yield Finding(path, "names something twice; write each once")
        case _:
            yield Finding(path, f"{_what(error)}; write {_wanted(schema)}")


def _what(error: ValidationError) -> str:
    """What is there instead."""
    if _UNQUOTED.intersection(step for step in error.absolute_path if isinstance(step, str)):
        return "can't be used"
    if error.validator == "maxLength":
        return f"has {len(str(error.instance))} characters"
    return f"{as_written(error.instance)} can't be used"


def _wanted(schema: Document) -> str:
    """What the schema allows, and an example."""
    if "hint" in schema:
        text = str(schema["hint"])
    elif "enum" in schema:
        return one_of(schema["enum"])
    else:
        text = _WORDS[schema["type"]] + _limits(schema)
    examples = schema.get("examples", [])
    return f"{text}, for example {as_written(examples[0])}" if examples and schema.get("type") != "boolean" else text


def _limits(schema: Document) -> str:
    match schema:
        case {"minimum": low, "maximum": high}:
            return f" from {low} to {high}"
        case {"maxLength": most}:
            return f" of 1 to {most} characters"
        case _:
            return ""


def _missing(key: str, schema: Document) -> str:
    if schema["type"] == "object":
        return f"write at least one table, for example [{key}.garage]"
    return f"write {key} = {as_written(schema['examples'][0])}"


def _extra(error: ValidationError) -> list[str]:
    assert isinstance(error.schema, dict)
    return [key for key in _keys(error) if key not in error.schema["properties"]]


def _keys(error: ValidationError) -> list[str]:
    """Of the table that is wrong."""
    assert isinstance(error.instance, dict)
    return list(error.instance)


def _instead_of_key(key: str, known: list[str]) -> str:
    if key.lower() in _SECRETS and "password_file" in known:
        return "passwords don't stand in this file: write password_file or password_env"
    hint = did_you_mean(key, known)
    homes = [] if hint.startswith("did") else _homes(key)
    return f"it belongs into {' or '.join(homes)}" if homes else hint


def _homes(key: str) -> list[str]:
    """The tables that know such a key."""
    found = []
    for name, section in load("configuration")["properties"].items():
        if key in section.get("properties", {}):
            found.append(f"[{name}]")
        each = section.get("additionalProperties")
        if isinstance(each, dict) and key in each["properties"]:
            found.append(f"[{name}.ID]")
    return found


def _prune(sound: Document, error: ValidationError) -> None:
    """Take what is broken out of the document, down to the nearest key."""
    if error.validator in {"required", "minProperties"} or "propertyNames" in error.absolute_schema_path:
        return
    path = list(error.absolute_path)
    keys = [[*path, key] for key in _extra(error)] if error.validator == "additionalProperties" else [path]
    for steps in keys:
        _remove(sound, steps)


def _remove(sound: Document, steps: list[Step]) -> None:
    """Down to a key: a broken item of a list takes the whole list with it."""
    here = sound
    for step in steps[:-1]:
        below = here.get(str(step))
        if not isinstance(below, dict):
            here.pop(str(step), None)
            return
        here = below
    here.pop(str(steps[-1]), None)
