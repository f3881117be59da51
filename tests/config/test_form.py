"""`bridge.config.form`."""

import tomllib
from collections.abc import Iterator

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from bridge.config.findings import Document
from bridge.config.form import check_form, configuration_schema
from tests.config.test_breaches import WRONG


def _settings(schema: Document, path: str = "") -> Iterator[tuple[str, Document]]:
    """Every setting of the schema with its path."""
    for key, below in schema.get("properties", {}).items():
        yield f"{path}{key}", below
        yield from _settings(below, f"{path}{key}.")
        each = below.get("additionalProperties")
        if isinstance(each, dict):
            yield from _settings(each, f"{path}{key}.ID.")


@pytest.mark.parametrize("path, setting", list(_settings(configuration_schema())))
def test_every_setting_says_what_it_is_and_its_default_and_examples_are_valid(path: str, setting: Document) -> None:
    """The table of settings in the README has no empty cell, and what it shows works."""
    schema = configuration_schema()
    assert setting.get("description"), path
    below = {**setting, "$defs": schema["$defs"]}
    for value in [*setting.get("examples", []), *([setting["default"]] if "default" in setting else [])]:
        Draft202012Validator(below).validate(value)


def test_the_examples_of_the_schema_are_valid_for_both_validators() -> None:
    """The schema means the same to whoever uses it with another library."""
    schema = configuration_schema()
    Draft202012Validator.check_schema(schema)
    for example in schema["examples"]:
        assert check_form(example)[0] == []
        assert jsonschema_rs.Draft202012Validator(schema).is_valid(example)


NOT_IN_JSON = ("control character", "finite", "2026-01-31")
"""The schema can't speak of these: they are told beside it, or JSON has no such value."""


@pytest.mark.parametrize("text, message", [row for row in WRONG if not any(word in row[1] for word in NOT_IN_JSON)])
def test_both_validators_refuse_the_same(text: str, message: str) -> None:
    """No mistake passes because of the library that looks at it."""
    document = tomllib.loads(text + ("" if "charge_points" in text else "\n[charge_points.x]"))
    assert not jsonschema_rs.Draft202012Validator(configuration_schema()).is_valid(document), message
