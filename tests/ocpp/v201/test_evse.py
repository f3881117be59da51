"""What an EVSE of a request means here."""

from typing import Any

import pytest

from bridge.ocpp.v201.evse import here, stranger


@pytest.mark.parametrize(
    "evse, reason",
    [
        (None, None),
        ({"id": 1}, None),
        ({"id": 1, "connectorId": 1}, None),
        (here(), None),
        ({"id": 0}, "UnknownEvse"),
        ({"id": 2, "connectorId": 1}, "UnknownEvse"),
        ({"id": 1, "connectorId": 2}, "UnknownConnectorId"),
        ({"id": 1, "connectorId": 0}, "UnknownConnectorId"),
    ],
)
def test_there_is_one_evse_with_one_connector(evse: dict[str, Any] | None, reason: str | None) -> None:
    assert stranger(evse) == reason
