"""When to ping, and when the silence is too long."""

from bridge.ocpp.pings import Pings


def connected(now_s: float = 100.0) -> Pings:
    pings = Pings(5.0)
    pings.connected(now_s)
    return pings


def test_none_are_sent_where_they_are_switched_off() -> None:
    pings = connected()
    assert pings.due_s(0, 100) == float("inf")
    assert not pings.is_due(0, 10_000)
    assert not pings.is_mute(0, 10_000, ponged_s=0)


def test_one_at_a_time_in_the_interval() -> None:
    pings = connected()
    assert pings.due_s(20, 100) == 120
    assert not pings.is_due(20, 119)
    assert pings.is_due(20, 120)
    assert not pings.is_due(20, 121), "one is on its way"
    assert pings.due_s(20, 121) == 125
    assert not pings.is_mute(20, 121, ponged_s=121)
    assert pings.due_s(20, 121) == 140
    assert pings.is_due(20, 140)


def test_an_unanswered_one_is_noticed() -> None:
    pings = connected()
    assert pings.is_due(20, 120)
    assert not pings.is_mute(20, 124, ponged_s=119)
    assert pings.is_mute(20, 125, ponged_s=119)


def test_a_short_interval_looks_for_the_answer_when_the_next_would_be_due() -> None:
    """With more than one interval in the time for an answer, the look is not earlier than needed."""
    pings = connected()
    assert pings.is_due(2, 102)
    assert pings.due_s(2, 103) == 104
    assert pings.due_s(2, 104) == 107


def test_switched_off_while_one_is_open_it_is_forgotten() -> None:
    pings = connected()
    assert pings.is_due(20, 120)
    assert not pings.is_mute(0, 130, ponged_s=0)
    assert not pings.is_mute(20, 130, ponged_s=0)


def test_a_new_connection_owes_no_answer() -> None:
    pings = connected()
    assert pings.is_due(20, 120)
    pings.connected(121)
    assert not pings.is_mute(20, 130, ponged_s=0)
    assert pings.due_s(20, 130) == 141
