"""`bridge.audit.secrecy`."""

from bridge.audit.secrecy import nothing_told


def test_a_whole_tag_is_found_wherever_it_stands() -> None:
    """In whatever case; and the finding does not tell it once more."""
    found = list(nothing_told({"the log": "tap of 04a2b3c4d5e680", "a topic": "****E680"}, ["hunter2", "04A2B3C4D5E680"]))
    assert [(one.rule, str(one)) for one in found] == [(15, "the log tells secret number 2")]
