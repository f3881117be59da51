"""OCPP 1.6: GetConfiguration and ChangeConfiguration."""

import pytest

from tests.conformance.laboratory import Station

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUIRED = {
    "AuthorizeRemoteTxRequests": False,
    "ClockAlignedDataInterval": False,
    "ConnectionTimeOut": False,
    "ConnectorPhaseRotation": False,
    "GetConfigurationMaxKeys": True,
    "HeartbeatInterval": False,
    "LocalAuthorizeOffline": False,
    "LocalPreAuthorize": False,
    "MeterValuesAlignedData": False,
    "MeterValuesSampledData": False,
    "MeterValueSampleInterval": False,
    "NumberOfConnectors": True,
    "ResetRetries": False,
    "StopTransactionOnEVSideDisconnect": True,
    "StopTransactionOnInvalidId": False,
    "StopTxnAlignedData": False,
    "StopTxnSampledData": False,
    "SupportedFeatureProfiles": True,
    "TransactionMessageAttempts": False,
    "TransactionMessageRetryInterval": False,
    "UnlockConnectorOnEVSideDisconnect": False,
}
"""OCPP 1.6 §9.1: the keys of the Core profile that must be there, and whether they are read-only. Remote Trigger has none.

StopTransactionOnEVSideDisconnect may be either since the errata; here the session always ends (design.md B5).
"""


PROFILES = "Core,LocalAuthListManagement,FirmwareManagement,Reservation,RemoteTrigger"
"""Of hardware that can take firmware, without smart charging."""


@pytest.mark.requirement("1.6 TC_019_CS")
async def test_all_keys_can_be_read(station: Station) -> None:
    """Every required key is there with the right access, by itself, in a list of all, and without naming any."""
    profiles = await station.call("GetConfiguration", key=["SupportedFeatureProfiles"])
    assert profiles == {"configurationKey": [{"key": "SupportedFeatureProfiles", "readonly": True, "value": PROFILES}]}
    everything = (await station.call("GetConfiguration", key=[]))["configurationKey"]
    access = {entry["key"]: entry["readonly"] for entry in everything}
    assert {key: access.get(key) for key in REQUIRED} == REQUIRED
    assert all("value" in entry for entry in everything)
    assert await station.call("GetConfiguration") == {"configurationKey": everything}
    [limit] = (await station.call("GetConfiguration", key=["GetConfigurationMaxKeys"]))["configurationKey"]
    named = list(access)[: int(limit["value"])]
    by_name = await station.call("GetConfiguration", key=named)
    assert [entry["key"] for entry in by_name["configurationKey"]] == named
    assert "unknownKey" not in by_name


@pytest.mark.requirement("1.6 TC_019_CS")
async def test_a_fixed_cable_reports_its_lock_read_only(tethered: Station) -> None:
    """Where there is no lock, UnlockConnectorOnEVSideDisconnect is false and can't be changed."""
    [lock] = (await tethered.call("GetConfiguration", key=["UnlockConnectorOnEVSideDisconnect"]))["configurationKey"]
    assert (lock["readonly"], lock["value"]) == (True, "false")


@pytest.mark.requirement("1.6 TC_021_CS")
async def test_a_changed_key_is_read_back(station: Station) -> None:
    """What was Accepted is what GetConfiguration returns."""
    for value in ("17", "0"):
        assert await station.answers("ChangeConfiguration", key="MeterValueSampleInterval", value=value) == "Accepted"
        [entry] = (await station.call("GetConfiguration", key=["MeterValueSampleInterval"]))["configurationKey"]
        assert entry == {"key": "MeterValueSampleInterval", "readonly": False, "value": value}


@pytest.mark.requirement("1.6 TC_040_1_CS")
async def test_an_unknown_key_is_not_supported(station: Station) -> None:
    """A key that is not there: NotSupported, and it is not there afterwards."""
    assert await station.answers("ChangeConfiguration", key="Testing", value="true") == "NotSupported"
    assert await station.call("GetConfiguration", key=["Testing"]) == {"unknownKey": ["Testing"]}


@pytest.mark.requirement("1.6 TC_040_2_CS")
async def test_an_invalid_value_is_rejected(station: Station) -> None:
    """A negative interval: Rejected, and the value stays what it was."""
    await station.configure(MeterValueSampleInterval=20)
    assert await station.answers("ChangeConfiguration", key="MeterValueSampleInterval", value="-1") == "Rejected"
    [entry] = (await station.call("GetConfiguration", key=["MeterValueSampleInterval"]))["configurationKey"]
    assert entry["value"] == "20"
