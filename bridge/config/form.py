"""Whether a document has the form of `schemas/configuration.schema.json`."""

import copy
import math
from collections.abc import Iterator

from bridge.config.findings import Document, Finding, Step
from bridge.schemas import load, validator


def configuration_schema() -> Document:
    """The schema itself."""
    return load("configuration")


def check_form(document: Document) -> tuple[list[Finding], Document]:
    """Every breach of the schema, and the document without what is broken, so that the rest can be checked as well."""
    sound = copy.deepcopy(document)
    findings = list(_unspeakable(document, ()))
    if not _is_sound(document):
        from bridge.config.breaches import breaches  # noqa: PLC0415 - what words them takes 3 MiB, and a sound file needs no words

        findings += breaches(document, sound)
    return findings, sound


def _is_sound(document: Document) -> bool:
    try:
        return validator("configuration").is_valid(document)
    except ValueError:  # TOML has dates, JSON has none
        return False


def _unspeakable(value: object, path: tuple[Step, ...]) -> Iterator[Finding]:
    """What TOML allows and no setting can mean: nan, inf, control characters."""
    match value:
        case float() if not math.isfinite(value):
            yield Finding(path, f"{value} is no number to work with; write a finite one")
        case str() if not value.isprintable():
            yield Finding(path, "has a control character; write it without")
        case dict():
            for key, item in value.items():
                if not key.isprintable():
                    yield Finding((*path, key), "has a control character in its name; write it without")
                yield from _unspeakable(item, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from _unspeakable(item, (*path, index))
