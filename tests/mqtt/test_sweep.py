"""What a former life left behind."""

from bridge.mqtt.names import Names
from bridge.mqtt.sweep import removals

NAMES = Names()


def _removed(ghosts: list[str], spoken: list[str]) -> list[str]:
    found = removals(NAMES, [f"evbridge/{name}" for name in ghosts], [f"evbridge/{name}" for name in spoken])
    assert all(message.retained and message.payload == b"" for message in found)
    return [message.topic.removeprefix("evbridge/") for message in found]


def test_an_alert_nobody_raised_in_this_life_goes() -> None:
    spoken = ["charge_point/garage/status", "bridge/state"]
    ghosts = ["charge_point/garage/alert/meter_silent", "bridge/alert/unknown_id", "csms/office/alert/unreachable"]
    assert _removed(ghosts, spoken) == ghosts


def test_all_of_a_charge_point_that_is_gone_goes() -> None:
    """Ghost topics are a complaint about other products (evcc#12617)."""
    ghosts = ["charge_point/old/status", "charge_point/old/last_session", "wallbox/old/command/enabled"]
    assert _removed(ghosts, ["charge_point/garage/status", "wallbox/garage/command/enabled"]) == ghosts


def test_the_last_session_of_a_charge_point_stays() -> None:
    """It is told when it ends, not at every start."""
    assert _removed(["charge_point/garage/last_session"], ["charge_point/garage/status"]) == []


def test_what_is_not_ours_stays() -> None:
    assert _removed(["nonsense", "bridge/health"], ["nonsense/too"]) == []
