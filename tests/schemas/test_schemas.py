"""The schemas are the contract: every example is tried with two validators that know nothing of each other."""

import json
from collections.abc import Iterable
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bridge import schemas
from bridge.core.alerts import AlertId
from bridge.core.effects import EntryKind
from bridge.core.values import Authority, Colour, LimitBy, Mode, Status, TagKind, Verdict, Why
from bridge.mqtt.messages import Request
from bridge.mqtt.topics import TABLE
from tests.schemas.examples import INVALID

PAYLOADS = sorted(set(schemas.names()) - {"configuration"})
"""The configuration's schema has tests of its own, in tests/config."""

CHECKER = jsonschema.FormatChecker(formats=())


@CHECKER.checks("date-time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def _second_opinion(name: str, value: object) -> bool:
    return jsonschema.Draft202012Validator(schemas.load(name), format_checker=CHECKER).is_valid(value)


def _cases(table: dict[str, list[Any]]) -> list[Any]:
    return [pytest.param(name, value, id=f"{name}-{json.dumps(value)[:40]}") for name in PAYLOADS for value in table.get(name, [])]


def _valid() -> dict[str, list[Any]]:
    return {name: schemas.load(name)["examples"] for name in PAYLOADS}


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_schema_has_examples_of_both_kinds(name: str) -> None:
    """Whoever implements the other side can try the own messages against ours."""
    schema = schemas.load(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"urn:evbridge:schema:{name}"
    assert schema["title"]
    assert schema["examples"]
    assert INVALID[name]


@pytest.mark.parametrize("name, value", _cases(_valid()))
def test_valid_examples_pass_both_validators(name: str, value: object) -> None:
    assert schemas.problem(name, value) is None
    assert _second_opinion(name, value)


@pytest.mark.parametrize("name, value", _cases(INVALID))
def test_invalid_examples_fail_both_validators(name: str, value: object) -> None:
    assert schemas.problem(name, value)
    assert not _second_opinion(name, value)


def test_every_topic_has_its_schema_and_every_schema_its_topic() -> None:
    used = {row.schema for row in TABLE} | {f"request_{request}" for request in Request}
    assert used == set(PAYLOADS)
    assert set(INVALID) == set(PAYLOADS)


@pytest.mark.parametrize(
    "name, path, words",
    [
        ("alert", ("$defs", "id"), AlertId),
        ("request_alert_clear", ("properties", "alert"), AlertId),
        ("status", (), Status),
        ("limit_by", (), LimitBy),
        ("mode", (), Mode),
        ("authority", (), Authority),
        ("decision", ("properties", "authority"), Authority),
        ("decision", ("properties", "reason"), Why),
        ("decision", ("properties", "ocpp_status"), [*Verdict, None]),
        ("decision", ("properties", "led"), Colour),
        ("led", (), [*Colour, "off"]),
        ("history_entry", ("properties", "kind"), EntryKind),
        ("tap", ("properties", "type"), [*TagKind, None]),
        ("tap", ("properties", "mode"), [*Mode, None]),
        ("user", ("properties", "ocpp_tag_type"), [*TagKind, None]),
    ],
)
def test_closed_lists_are_the_ones_of_the_code(name: str, path: tuple[str, ...], words: Iterable[str | None]) -> None:
    """A word the code learns is a word the schema knows, and the other way round."""
    part = schemas.load(name)
    for step in path:
        part = part[step]
    assert set(part["enum"]) == set(words)


def test_a_field_means_the_same_in_every_message() -> None:
    """`ts`, `tag`, `charge_point` … are written alike wherever a person of the other side meets them."""
    inbound = ["tap", "app_request", "sample", "user", *(f"request_{request}" for request in Request)]
    for field in ("ts", "mode", "charge_point", "transaction", "session", "id"):
        found = [schemas.load(name)["properties"][field] for name in inbound if field in schemas.load(name)["properties"]]
        shapes = {json.dumps({key: part[key] for key in ("pattern", "maxLength", "format") if key in part}) for part in found}
        assert len(shapes) == 1, field


@pytest.mark.parametrize(
    "name, value, reason",
    [
        ("tap", {"tag": 12345678}, "tag: must be string"),
        ("tap", {}, "tag missing"),
        ("tap", [], "must be object"),
        ("tap", {"tag": "04", "mode": "x"}, "mode: must be one of eco, prio, null"),
        ("tap", {"tag": "04", "id": ""}, "id: must not be empty"),
        ("tap", {"tag": "04", "ts": "noon"}, "ts: must be a time in ISO 8601 with an offset, as 2026-01-31T12:00:00Z"),
        ("tap", {"tag": "04", "ts": "2026-02-30T12:00:00Z"}, "ts: must be a time in ISO 8601 with an offset, as 2026-01-31T12:00:00Z"),
        ("tap", {"tag": "04", "charge_point": "All"}, "charge_point: a charge point: at most 32 of a-z 0-9 -, and not 'all'"),
        ("user", {"name": "Ada", "local": True, "nfc": ["04", 5]}, "nfc[1]: must be string"),
        ("user", {"name": "x" * 101, "local": True}, "name: must be at most 100 characters"),
        ("user", {"name": "Ada", "local": True, "nfc": ["0"] * 101}, "nfc: must be at most 100 entries"),
        ("sample", {"energy_wh": -1}, "energy_wh: must be at least 0"),
        ("sample", {"energy_wh": 1, "power_w": True}, "power_w: must be number or null"),
        ("soc_percent", 101, "must be at most 100"),
        ("request_tap_test", {"reader": "front"}, "say whose tap: user or tag_ref (a whole tag does not travel here)"),
    ],
)
def test_a_refusal_says_where_and_what_was_expected(name: str, value: object, reason: str) -> None:
    """Whoever wired the other side reads the alert and knows what to change."""
    assert schemas.problem(name, value) == reason


@pytest.mark.parametrize("name, value", _cases(INVALID))
def test_a_refusal_never_quotes_the_payload(name: str, value: object) -> None:
    """A payload may hold a whole tag; an alert is read by everybody."""
    canary = "04CA11AB1E5EC2"
    for planted in ({**value, "tag": [canary], "x": canary} if isinstance(value, dict) else canary, [canary]):
        assert canary not in (schemas.problem(name, planted) or "")


def test_a_schema_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-thing"):
        schemas.load("no-such-thing")


def test_an_installed_wheel_brings_its_schemas_along(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Beside the code lies `_schemas`; only a checkout looks one level up."""
    (tmp_path / "_schemas").mkdir()
    (tmp_path / "_schemas" / "tap.schema.json").write_text("{}")
    monkeypatch.setattr(resources, "files", lambda _package: tmp_path)
    schemas.folder.cache_clear()
    try:
        assert schemas.names() == ("tap",)
    finally:
        schemas.folder.cache_clear()
