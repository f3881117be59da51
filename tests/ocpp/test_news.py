"""Which status is told, and when."""

import pytest

from bridge.ocpp.dialect import Outgoing
from bridge.ocpp.news import StatusNews


def statuses(connector: str, station: str = "Available", at: str = "10:00") -> tuple[Outgoing, ...]:
    words = [station, connector]
    return tuple(
        Outgoing("StatusNotification", {"connectorId": place, "status": word, "timestamp": at}) for place, word in enumerate(words)
    )


def tell_all(news: StatusNews, now: tuple[Outgoing, ...], now_s: float = 0.0, minimum_s: float = 0.0) -> list[str]:
    """Everything that is due, as it would be sent."""
    told = []
    while (picked := news.next(now, now_s, minimum_s)) is not None:
        place, status = picked
        news.told(place, status)
        told.append(f"{place} {status.payload['status']}")
    return told


@pytest.mark.requirement("2.0.1 TC_B_52_CS")
def test_a_central_system_that_remembers_hears_what_has_changed() -> None:
    """After a short outage in 2.0.1; a change that has to last begins to count anew."""
    news = StatusNews()
    tell_all(news, statuses("Available"))
    assert news.next(statuses("Preparing"), 10, 5) is None
    news.resume()
    assert (news.stale, news.due_s) == (True, None)
    assert tell_all(news, statuses("Preparing"), now_s=100, minimum_s=5) == []
    assert news.due_s == 105
    assert tell_all(news, statuses("Preparing"), now_s=105, minimum_s=5) == ["1 Preparing"]


def test_a_new_connection_hears_everything_once() -> None:
    """The central system may have restarted meanwhile."""
    news = StatusNews()
    news.forget()
    assert tell_all(news, statuses("Available")) == ["0 Available", "1 Available"]
    assert tell_all(news, statuses("Available", at="11:00")) == []
    assert not news.stale
    news.forget()
    assert news.stale
    assert tell_all(news, statuses("Charging")) == ["0 Available", "1 Charging"]


def test_only_what_changed_is_told() -> None:
    news = StatusNews()
    tell_all(news, statuses("Available"))
    assert tell_all(news, statuses("Preparing")) == ["1 Preparing"]


def test_a_status_must_last_before_it_is_told() -> None:
    """MinimumStatusDuration: a contactor that chatters is one status."""
    news = StatusNews()
    tell_all(news, statuses("Charging"))
    assert tell_all(news, statuses("SuspendedEV"), 10.0, 5.0) == []
    assert news.due_s == 15.0
    assert tell_all(news, statuses("SuspendedEV"), 15.0, 5.0) == ["1 SuspendedEV"]
    assert news.due_s is None


def test_a_status_that_did_not_last_is_never_told() -> None:
    news = StatusNews()
    tell_all(news, statuses("Charging"))
    tell_all(news, statuses("SuspendedEV"), 10.0, 5.0)
    assert tell_all(news, statuses("Charging"), 12.0, 5.0) == []
    assert news.due_s is None
    assert tell_all(news, statuses("SuspendedEV"), 14.0, 5.0) == []
    assert news.due_s == 19.0, "the clock starts anew"


def test_two_changes_wait_for_the_earlier_one() -> None:
    news = StatusNews()
    tell_all(news, statuses("Charging"))
    tell_all(news, statuses("Charging", station="Unavailable"), 10.0, 5.0)
    tell_all(news, statuses("SuspendedEV", station="Unavailable"), 12.0, 5.0)
    assert news.due_s == 15.0


def test_another_change_starts_the_wait_anew() -> None:
    news = StatusNews()
    tell_all(news, statuses("Charging"))
    tell_all(news, statuses("SuspendedEV"), 10.0, 5.0)
    tell_all(news, statuses("Finishing"), 14.0, 5.0)
    assert news.due_s == 19.0
