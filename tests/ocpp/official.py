"""The official schemas as the tests see them: a generator of valid payloads, and a second opinion from another validator."""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
from hypothesis import strategies as st

from bridge.ocpp.validation import Kind, Version, validate

_FOLDERS = {Version.V16: "v16", Version.V201: "v201"}
_DRAFTS = {Version.V16: jsonschema.Draft4Validator, Version.V201: jsonschema.Draft6Validator}


def _actions(version: Version) -> list[str]:
    folder = files("ocpp").joinpath(_FOLDERS[version], "schemas")
    return sorted(entry.name.removesuffix("Response.json") for entry in folder.iterdir() if entry.name.endswith("Response.json"))


ACTIONS = _actions(Version.V16)
"""Every action of OCPP 1.6 and its security white paper."""
ACTIONS_201 = _actions(Version.V201)
"""Every action of OCPP 2.0.1."""
FROM_CSMS = (
    "CancelReservation",
    "ChangeAvailability",
    "ChangeConfiguration",
    "ClearCache",
    "ClearChargingProfile",
    "DataTransfer",
    "GetCompositeSchedule",
    "GetConfiguration",
    "GetDiagnostics",
    "GetLocalListVersion",
    "RemoteStartTransaction",
    "RemoteStopTransaction",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "TriggerMessage",
    "UnlockConnector",
    "UpdateFirmware",
)
"""What a central system may ask (OCPP 1.6 §5)."""
FROM_CSMS_201 = (
    "CancelReservation",
    "CertificateSigned",
    "ChangeAvailability",
    "ClearCache",
    "ClearChargingProfile",
    "ClearDisplayMessage",
    "ClearVariableMonitoring",
    "CostUpdated",
    "CustomerInformation",
    "DataTransfer",
    "DeleteCertificate",
    "GetBaseReport",
    "GetChargingProfiles",
    "GetCompositeSchedule",
    "GetDisplayMessages",
    "GetInstalledCertificateIds",
    "GetLocalListVersion",
    "GetLog",
    "GetMonitoringReport",
    "GetReport",
    "GetTransactionStatus",
    "GetVariables",
    "InstallCertificate",
    "PublishFirmware",
    "RequestStartTransaction",
    "RequestStopTransaction",
    "ReserveNow",
    "Reset",
    "SendLocalList",
    "SetChargingProfile",
    "SetDisplayMessage",
    "SetMonitoringBase",
    "SetMonitoringLevel",
    "SetNetworkProfile",
    "SetVariableMonitoring",
    "SetVariables",
    "TriggerMessage",
    "UnlockConnector",
    "UnpublishFirmware",
    "UpdateFirmware",
)
"""What a central system may ask (OCPP 2.0.1 part 2, messages)."""


@cache
def schema(action: str, kind: Kind, version: Version = Version.V16) -> dict[str, Any]:
    """An official schema."""
    suffix = "" if kind is Kind.REQUEST and version is Version.V16 else kind.value
    text = files("ocpp").joinpath(_FOLDERS[version], "schemas", f"{action}{suffix}.json").read_text(encoding="utf-8-sig")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def assert_valid(action: str, kind: Kind, payload: object, version: Version = Version.V16) -> None:
    """By the reference implementation, and by the bridge's own for the formats."""
    # in decimals: the reference divides binary floats, for which 6.1 is no multiple of 0.1
    validator = _DRAFTS[version](_in_decimals(schema(action, kind, version)))
    errors = [f"{list(error.path)}: {error.message}" for error in validator.iter_errors(_in_decimals(payload))]
    assert not errors, f"{action}{kind.value}: {errors}"
    assert validate(version, action, kind, payload) is None


def _in_decimals(value: object) -> Any:  # noqa: ANN401  # JSON
    return json.loads(json.dumps(value), parse_float=Decimal)


def payloads(action: str, kind: Kind, version: Version = Version.V16) -> st.SearchStrategy[dict[str, Any]]:
    """Payloads the official schema allows, the odd ones included."""
    root = schema(action, kind, version)
    return _values(root, root)


def _values(part: Mapping[str, Any], root: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in part:
        return _values(root["definitions"][part["$ref"].rpartition("/")[2]], root)
    if "enum" in part:
        return st.sampled_from(part["enum"])
    match part.get("type"):
        case None:
            return JSON
        case "object":
            inner = {name: _values(value, root) for name, value in part.get("properties", {}).items()}
            required = set(part.get("required", ()))
            return st.fixed_dictionaries(
                {name: value for name, value in inner.items() if name in required},
                optional={name: value for name, value in inner.items() if name not in required},
            )
        case "array":
            least = part.get("minItems", 0)
            return st.lists(_values(part["items"], root), min_size=least, max_size=min(least + 3, part.get("maxItems", least + 3)))
        case "integer":
            least, most = part.get("minimum", -(2**63)), part.get("maximum", 2**64 - 1)
            return st.sampled_from([one for one in (0, 1, 2, -1, 2**31, 2**63) if least <= one <= most]) | st.integers(least, most)
        case "number":
            return st.integers(int(part.get("minimum", 0)) * 10, int(part.get("maximum", 100)) * 10).map(lambda tenths: tenths / 10)
        case "boolean":
            return st.booleans()
        case _:
            return _texts(part)


def _texts(part: Mapping[str, Any]) -> st.SearchStrategy[str]:
    match part.get("format"):
        case "date-time":
            return st.datetimes().map(lambda moment: moment.isoformat() + "Z")
        case "uri":
            return st.just("https://csms.example/file")
        case _:
            most = part.get("maxLength", 60)
            return st.text(st.characters(codec="utf-8"), max_size=most)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
"""Anything JSON can say."""
