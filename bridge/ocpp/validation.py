"""The official OCPP schemas, as they come with the `ocpp` package, compiled once each. Nothing here can be switched off."""

import json
from dataclasses import dataclass
from enum import StrEnum, unique
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import jsonschema_rs

from bridge.ocpp.dialect import Json


@unique
class Version(StrEnum):
    """Versions of OCPP, by the name of their sub-protocol."""

    V16 = "ocpp1.6"
    V201 = "ocpp2.0.1"


@unique
class Kind(StrEnum):
    """Which half of an exchange a payload is."""

    REQUEST = "Request"
    RESPONSE = "Response"


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """How a payload breaks its schema. Quotes no value."""

    keyword: str
    """The JSON Schema keyword that failed: `required`, `type`, `maxLength` …"""
    path: str
    """Where, as `csChargingProfiles/chargingSchedule/duration`; empty for the payload itself."""


_FOLDERS = {Version.V16: "v16", Version.V201: "v201"}
_REQUEST_SUFFIX = {Version.V16: "", Version.V201: "Request"}


def knows(version: Version, action: str) -> bool:
    """Whether the version has such an action at all (1.6: those of the security white paper included)."""
    return action in _actions(version)


def validate(version: Version, action: str, kind: Kind, payload: Json) -> Violation | None:
    """The first way in which the payload breaks the official schema; None: it doesn't. The action must be known."""
    assert knows(version, action)
    validator = _validator(version, action, kind)
    # one pass in Rust for the usual case; the details are asked for only when there are any
    if validator.is_valid(payload):
        return None
    error = next(iter(validator.iter_errors(payload)))
    return Violation(keyword=str(error.schema_path[-1]), path="/".join(str(step) for step in error.instance_path))


@cache
def _actions(version: Version) -> frozenset[str]:
    """All actions of a version."""
    answers = (entry.name.removesuffix("Response.json") for entry in _folder(version).iterdir() if entry.name.endswith("Response.json"))
    return frozenset(answers)


@cache
def _validator(version: Version, action: str, kind: Kind) -> "jsonschema_rs.Validator":
    """Compiled when first needed: 0.2 ms each, and a station uses a third of them."""
    suffix = _REQUEST_SUFFIX[version] if kind is Kind.REQUEST else kind.value
    text = _folder(version).joinpath(f"{action}{suffix}.json").read_text(encoding="utf-8-sig")
    return jsonschema_rs.validator_for(json.loads(text))


def _folder(version: Version) -> Traversable:
    """Where the package keeps a version's schemas."""
    return files("ocpp").joinpath(_FOLDERS[version], "schemas")
