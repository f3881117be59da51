"""What is kept comes back as it was, and what another version wrote is understood."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from bridge.core.effects import Decision, HistoryEntry, Record
from bridge.core.state import Kept, LocalSession, NoSession
from bridge.core.values import TagInfo
from bridge.errors import StoreRefused
from bridge.store.codec import DECISION, HISTORY, KEPT, OFFLINE, RECORD, TAG_INFO, as_offline
from bridge.store.seal import TextDamaged, sealed, unsealed
from tests.store.anything import DECISIONS, ENTRIES, KEPTS, RECORDS, TAG_INFOS
from tests.store.worlds import CARPORT, GARAGE, entry, local_kept, reading, sample, start, stop, update


@given(kept=KEPTS)
def test_kept_state_comes_back_as_it_was(kept: Kept) -> None:
    """A restart changes nothing: not a cent of the cost, not the type of a setting."""
    back = KEPT.decode(KEPT.encode(kept, GARAGE), GARAGE)
    assert back == kept
    assert type(back.session) is type(kept.session)
    assert {name: type(value) for name, value in back.overrides.items()} == {name: type(value) for name, value in kept.overrides.items()}


@given(record=RECORDS)
def test_a_record_comes_back_as_it_was(record: Record) -> None:
    """What the central system gets after a power cut is what it would have got before."""
    back = RECORD.decode(RECORD.encode(record, GARAGE), GARAGE)
    assert back == record
    assert type(back) is type(record)


@given(item=ENTRIES)
def test_history_comes_back_as_it_was(item: HistoryEntry) -> None:
    assert HISTORY.decode(HISTORY.encode(item, GARAGE), GARAGE) == item


@given(item=DECISIONS)
def test_a_decision_comes_back_as_it_was(item: Decision) -> None:
    assert DECISION.decode(DECISION.encode(item, GARAGE), GARAGE) == item


@given(info=TAG_INFOS)
def test_a_remembered_tag_comes_back_as_it_was(info: TagInfo) -> None:
    assert TAG_INFO.decode(TAG_INFO.encode(info, GARAGE), GARAGE) == info


@given(kept=KEPTS)
@settings(max_examples=30)
def test_what_a_later_version_added_is_passed_over(kept: Kept) -> None:
    """After an update that did not please, the version before reads what the newer one wrote."""
    plain = json.loads(unsealed(KEPT.encode(kept, GARAGE), GARAGE))
    plain["invented_later"] = {"deep": [1, 2]}
    plain["session"]["invented_later"] = None
    assert KEPT.decode(" " + json.dumps(plain), GARAGE) == kept


def test_what_an_earlier_version_did_not_write_takes_its_default() -> None:
    assert KEPT.decode("{}", GARAGE) == Kept()
    assert KEPT.decode('{"session": {"type": "NoSession"}}', GARAGE) == Kept(session=NoSession())
    before = json.loads(unsealed(KEPT.encode(local_kept(), GARAGE), GARAGE))
    del before["session"]["cost"], before["session"]["last"]["context"], before["sources"][0]["reason"]
    back = KEPT.decode(json.dumps(before), GARAGE)
    assert isinstance(back.session, LocalSession)
    assert back.session.cost == 0
    assert replace(back, session=replace(back.session, cost=Decimal("0.10"))) == local_kept()


def test_defaults_are_written_out() -> None:
    """A default that changes with an update must not change what was kept under the old one."""
    assert json.loads(unsealed(KEPT.encode(Kept(), GARAGE), GARAGE))["operative"] is True


@pytest.mark.parametrize("record", [start(), sample(), stop()], ids=lambda record: type(record).__name__)
def test_a_record_tells_its_kind_in_its_text(record: Record) -> None:
    assert json.loads(unsealed(RECORD.encode(record, GARAGE), GARAGE))["type"] == type(record).__name__


def test_a_cost_is_exact_to_the_last_digit() -> None:
    cost = Decimal("0.1000000000000000055511151231257827")
    assert HISTORY.decode(HISTORY.encode(replace(entry(), cost=cost), GARAGE), GARAGE).cost == cost


def test_a_quantity_that_is_no_number_does_not_make_the_record_unreadable() -> None:
    """The doors let no NaN in; should one slip through, the session can still be billed."""
    strange = replace(sample(), reading=replace(reading(), power_w=float("nan"), current_a=(1.0, float("inf"))))
    back = RECORD.decode(RECORD.encode(strange, GARAGE), GARAGE)
    assert back.reading is not None
    assert back.reading.power_w is None
    assert back.reading.register_wh == strange.reading.register_wh


@pytest.mark.parametrize(
    "decode, text",
    [
        pytest.param(KEPT.decode, "{}}", id="too much"),
        pytest.param(KEPT.decode, sealed("[]", GARAGE), id="a list"),
        pytest.param(KEPT.decode, '{"session": {"type": "GhostSession"}}', id="a class nobody knows"),
        pytest.param(KEPT.decode, '{"session": {}}', id="no class"),
        pytest.param(KEPT.decode, '{"prices": [[true, "cheap"]]}', id="no decimal"),
        pytest.param(RECORD.decode, '{"type": "RecordSample"}', id="fields missing"),
        pytest.param(RECORD.decode, "{}", id="nothing"),
        pytest.param(TAG_INFO.decode, '{"verdict": "Maybe"}', id="a verdict nobody knows"),
    ],
)
def test_text_that_can_not_be_read_is_refused_in_words(decode: Callable[[str, str], object], text: str) -> None:
    """A single spoilt byte says where it is, instead of a stack trace."""
    with pytest.raises(StoreRefused, match="that can't be read"):
        decode(text, GARAGE)


@pytest.mark.parametrize("place", range(len(RECORD.encode(start(), GARAGE))))
def test_a_bit_that_turned_over_is_noticed_wherever_it_is(place: int) -> None:
    """A changed digit of a register would be on somebody's bill."""
    text = RECORD.encode(start(), GARAGE).encode()
    for bit in range(8):
        spoilt = bytearray(text)
        spoilt[place] ^= 1 << bit
        with pytest.raises(TextDamaged, match="a record of garage that the disk has changed: restart evbridge"):
            RECORD.decode(spoilt.decode(errors="replace"), GARAGE)


def test_what_was_kept_of_one_charge_point_is_not_taken_for_another_ones() -> None:
    """The name beside it may be what the disk has changed."""
    with pytest.raises(TextDamaged):
        KEPT.decode(KEPT.encode(local_kept(), GARAGE), CARPORT)


def test_a_text_without_a_seal_is_one_of_an_older_version() -> None:
    assert RECORD.decode(unsealed(RECORD.encode(stop(), GARAGE), GARAGE), GARAGE) == stop()


@pytest.mark.parametrize("record", [start(), sample(), stop(), update()], ids=lambda record: type(record).__name__)
def test_a_record_is_marked_as_offline_under_a_new_seal(record: Record) -> None:
    text = RECORD.encode(replace(record, offline=False), GARAGE)
    marked = as_offline(text, GARAGE)
    assert OFFLINE not in text
    assert OFFLINE in marked
    assert RECORD.decode(marked, GARAGE) == replace(record, offline=True)


def test_what_a_later_version_added_stays_when_a_record_is_marked() -> None:
    assert as_offline('{"invented_later":1}', GARAGE) == sealed('{"invented_later":1,"offline":true}', GARAGE)


@pytest.mark.parametrize("text", ['{"offline":false}#00000000', "{}}"])
def test_a_damaged_record_is_not_marked(text: str) -> None:
    """It keeps the seal that says so."""
    assert as_offline(text, GARAGE) == text
