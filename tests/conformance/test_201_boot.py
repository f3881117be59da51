"""OCPP 2.0.1, block B: a station that comes up. Each test has a bridge of its own, seen from its first frame."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.laboratory import TAG
from tests.conformance.laboratory201 import Station201, bench201, token
from tests.conformance.times import gaps_ms
from tests.peers.strict_csms import CallFailed

SLACK_MS = 20
"""Two processes read two clocks at different moments."""
TOLERANCE_MS = 4000
"""Of the laboratories, for intervals (conformance.md §0.1)."""
INTERVAL_S = 2
"""Between two attempts to register."""
LONG_S = 60
"""No test waits for it."""
BOOT, STATUS, SECURITY = "BootNotification", "Available", "SecurityEventNotification"


async def answers_first(station: Station201, status: str, interval_s: int) -> None:
    """The next BootNotification is answered so, all others with Accepted and a heartbeat every second."""
    await station.csms.answer(BOOT, {"interval": 1}, merge=True)
    await station.csms.answer(BOOT, {"status": status, "interval": interval_s}, merge=True, times=1)


async def comes_into_service(station: Station201) -> None:
    """It tells its connector, and that it has started, and beats every second."""
    await station.reports("Available")
    await station.sends(SECURITY, type="StartupOfTheDevice")
    await station.sends("Heartbeat", count=3)
    beats_ms = gaps_ms([call.frame.at_ms for call in station.sent("Heartbeat")])
    assert all(1000 - SLACK_MS <= beat_ms <= 1000 + TOLERANCE_MS for beat_ms in beats_ms)


@pytest.mark.requirement("2.0.1 TC_B_01_CS")
async def test_cold_boot_accepted(tmp_path: Path) -> None:
    """First BootNotification, with reason PowerUp; then the connector's status and the security event, and nothing else."""
    async with bench201(tmp_path) as powered:
        station = powered.station
        await station.csms.configure(interval=1)
        await powered.process.start()
        await comes_into_service(station)
        assert station.told() == [BOOT, STATUS, SECURITY]
        [boot] = station.sent(BOOT)
        assert boot.payload["reason"] == "PowerUp"
        assert {"vendorName", "model"} <= boot.payload["chargingStation"].keys()
        [status] = station.sent("StatusNotification")
        assert (status.payload["evseId"], status.payload["connectorId"]) == (1, 1)


@pytest.mark.requirement("2.0.1 TC_B_02_CS")
async def test_cold_boot_pending_at_first(tmp_path: Path) -> None:
    """Pending: it can be read and configured, starts nothing, and registers again when it is told to, before the interval is over."""
    async with bench201(tmp_path) as powered:
        station = powered.station
        await answers_first(station, "Pending", LONG_S)
        await powered.process.start(online=())
        await station.sends(BOOT)
        await station.set(**{"OCPPCommCtrlr.OfflineThreshold": 123})
        assert await station.get("OCPPCommCtrlr.OfflineThreshold") == "123"
        parts = await station.report()
        assert any(entry["variable"]["name"] == "OfflineThreshold" for part in parts for entry in part.payload["reportData"])
        asked = {"evseId": 1, "remoteStartId": 1, "idToken": token(TAG)}
        assert await station.answers("RequestStartTransaction", **asked) == "Rejected"
        # a card meanwhile is decided here: nothing may be asked
        assert (await station.box.tap(TAG)).led == "red"
        assert set(station.told()) == {BOOT, "NotifyReport"}
        assert await station.trigger(BOOT) == "Accepted"
        again = await station.sends(BOOT, count=2)
        assert again.payload["reason"] == "Triggered"
        await comes_into_service(station)
        assert [word for word in station.told() if word != "NotifyReport"] == [BOOT, BOOT, STATUS, SECURITY]


@pytest.mark.requirement("2.0.1 TC_B_03_CS")
async def test_cold_boot_rejected_at_first(tmp_path: Path) -> None:
    """Rejected: silence until the interval is over, then another BootNotification; accepted, everything follows."""
    async with bench201(tmp_path) as powered:
        station = powered.station
        await answers_first(station, "Rejected", INTERVAL_S)
        await powered.process.start(online=())
        await station.sends(BOOT)
        assert (await station.box.tap(TAG)).led == "red"
        await station.sends(BOOT, count=2)
        await comes_into_service(station)
        boots = station.sent(BOOT)
        [wait_ms] = gaps_ms([call.frame.at_ms for call in boots])
        assert INTERVAL_S * 1000 - SLACK_MS <= wait_ms <= INTERVAL_S * 1000 + TOLERANCE_MS
        assert station.told() == [BOOT, BOOT, STATUS, SECURITY]


@pytest.mark.requirement("2.0.1 TC_B_30_CS")
async def test_a_rejected_station_answers_nothing_but_a_security_error(tmp_path: Path) -> None:
    """Who has not accepted it may not ask it."""
    async with bench201(tmp_path) as powered:
        station = powered.station
        await answers_first(station, "Rejected", LONG_S)
        await powered.process.start(online=())
        await station.sends(BOOT)
        requests: Mapping[str, dict[str, Any]] = {
            "GetBaseReport": {"requestId": 1, "reportBase": "FullInventory"},
            "TriggerMessage": {"requestedMessage": "Heartbeat"},
        }
        for action, payload in requests.items():
            with pytest.raises(CallFailed) as refused:
                await station.call(action, **payload)
            assert refused.value.code == "SecurityError"
        assert station.told() == [BOOT]
