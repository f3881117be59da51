"""People the backend wants forgotten."""

from bridge.core.backend import CustomerForgotten
from bridge.core.effects import ChangeList, ForgetTag, Outcome
from bridge.core.orders import ListEntry
from bridge.core.values import IdTag, RequestId
from tests.core.world import ROAMER, Bench


def test_whoever_is_to_be_forgotten_is_forgotten_by_cache_and_list() -> None:
    """2.0.1 N10; the site's own book of sessions stays."""
    bench = Bench()
    bench.happens(CustomerForgotten, request=RequestId("forget"), tag=ROAMER.tag)
    assert bench.outcome is Outcome.ACCEPTED
    assert bench.just_asked_for(ForgetTag) == [ForgetTag(tag=IdTag(text="04EE"))]
    assert bench.just_asked_for(ChangeList) == [ChangeList(full=False, entries=(ListEntry(tag=IdTag(text="04EE"), info=None),))]
