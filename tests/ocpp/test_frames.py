"""Frames: what is understood, what is refused, and that nothing raises."""

import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ocpp.frames import (
    CODE_MAX,
    DEPTH_MAX,
    DESCRIPTION_MAX,
    FOREIGN_MESSAGE_ID_MAX,
    FRAME_BYTES_MAX,
    MESSAGE_ID_MAX,
    BadFrame,
    Call,
    CallError,
    CallResult,
    Fault,
    Frame,
    decode,
    encode,
)
from tests.ocpp.official import JSON

FRAMES: list[tuple[str | bytes, Frame]] = [
    ('[2,"19223201","Reset",{"type":"Soft"}]', Call(message_id="19223201", action="Reset", payload={"type": "Soft"})),
    (b'[2,"a","Reset",{}]', Call(message_id="a", action="Reset", payload={})),
    ('[2,"a","ClearCache",null]', Call(message_id="a", action="ClearCache", payload={})),
    ('[2,"","Reset",{}]', Call(message_id="", action="Reset", payload={})),
    ('[3,"a",{"status":"Accepted"}]', CallResult(message_id="a", payload={"status": "Accepted"})),
    ('[3,"a",null]', CallResult(message_id="a", payload={})),
    ('[4,"a","GenericError","why",{"x":1}]', CallError(message_id="a", code="GenericError", description="why", details={"x": 1})),
    ('[4,"a","GenericError","why"]', CallError(message_id="a", code="GenericError", description="why")),
    ('[4,"a","GenericError"]', CallError(message_id="a", code="GenericError")),
    ('[4,"a","GenericError",null,null]', CallError(message_id="a", code="GenericError")),
    ('[4,"a","FormationViolation","",{}]', CallError(message_id="a", code="FormatViolation")),
    ('[4,"a","FormatViolation","",{}]', CallError(message_id="a", code="FormatViolation")),
    ('[4,"a","OccurenceConstraintViolation","",{}]', CallError(message_id="a", code="OccurrenceConstraintViolation")),
    ('[4,"a","OccurrenceConstraintViolation","",{}]', CallError(message_id="a", code="OccurrenceConstraintViolation")),
    # of duplicate keys the last counts: only one parser reads the frame, so nobody can be told two stories
    ('[2,"a","Reset",{"type":"Soft","type":"Hard"}]', Call(message_id="a", action="Reset", payload={"type": "Hard"})),
    (' [2,\n"a","Reset",{}] ', Call(message_id="a", action="Reset", payload={})),
]


@pytest.mark.parametrize("text, frame", FRAMES)
def test_frames_are_read(text: str | bytes, frame: Frame) -> None:
    assert decode(text) == frame


def _call(fault: Fault) -> BadFrame:
    return BadFrame(fault=fault, message_id="a", call=True)


def _answer(fault: Fault) -> BadFrame:
    return BadFrame(fault=fault, message_id="a")


BAD: list[tuple[str, str | bytes, BadFrame]] = [
    ("empty", "", BadFrame(fault=Fault.JSON)),
    ("not JSON", "hello", BadFrame(fault=Fault.JSON)),
    ("cut off", '[2,"a","Reset",{"type"', BadFrame(fault=Fault.JSON)),
    ("more behind it", '[2,"a","Reset",{}] x', BadFrame(fault=Fault.JSON)),
    ("BOM", '\ufeff[2,"a","Reset",{}]', BadFrame(fault=Fault.JSON)),
    ("UTF-16", '[2,"a","Reset",{}]'.encode("utf-16"), BadFrame(fault=Fault.JSON)),
    ("binary", b"\x00\x01\x02\xff", BadFrame(fault=Fault.JSON)),
    ("invalid UTF-8", b'[2,"\xff","Reset",{}]', BadFrame(fault=Fault.JSON)),
    ("lone surrogate, escaped", '[2,"\\ud800","Reset",{}]', BadFrame(fault=Fault.JSON)),
    ("lone surrogate, raw", '[2,"\ud800","Reset",{}]', BadFrame(fault=Fault.JSON)),
    ("NaN", '[2,"a","Reset",{"x":NaN}]', BadFrame(fault=Fault.JSON)),
    ("Infinity", '[2,"a","Reset",{"x":-Infinity}]', BadFrame(fault=Fault.JSON)),
    ("1e400", '[2,"a","Reset",{"x":1e400}]', BadFrame(fault=Fault.JSON)),
    ("5000 digits", f'[2,"a","Reset",{{"x":{"9" * 5000}}}]', BadFrame(fault=Fault.JSON)),
    ("100 000 deep, open", "[" * 100_000, BadFrame(fault=Fault.JSON)),
    ("100 000 deep, closed", "[" * 100_000 + "]" * 100_000, BadFrame(fault=Fault.JSON)),
    ("one too deep", "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1), BadFrame(fault=Fault.DEPTH)),
    ("deep object", '[2,"a","x",' + '{"x":' * DEPTH_MAX + "1" + "}" * DEPTH_MAX + "]", BadFrame(fault=Fault.DEPTH)),
    ("object", '{"2":"a"}', BadFrame(fault=Fault.SHAPE)),
    ("number", "2", BadFrame(fault=Fault.SHAPE)),
    ("null", "null", BadFrame(fault=Fault.SHAPE)),
    ("empty array", "[]", BadFrame(fault=Fault.SHAPE)),
    ("type is true", '[true,"a","Reset",{}]', BadFrame(fault=Fault.SHAPE)),
    ("type is 2.0", '[2.0,"a","Reset",{}]', BadFrame(fault=Fault.SHAPE)),
    ("type is text", '["2","a","Reset",{}]', BadFrame(fault=Fault.SHAPE)),
    ("type 1", '[1,"a","Reset",{}]', BadFrame(fault=Fault.MESSAGE_TYPE)),
    ("type 5", '[5,"a",{}]', BadFrame(fault=Fault.MESSAGE_TYPE)),
    ("type 9", "[9]", BadFrame(fault=Fault.MESSAGE_TYPE)),
    ("no id", "[2]", BadFrame(fault=Fault.MESSAGE_ID)),
    ("id is a number", '[2,17,"Reset",{}]', BadFrame(fault=Fault.MESSAGE_ID)),
    ("id is null", "[3,null,{}]", BadFrame(fault=Fault.MESSAGE_ID)),
    ("id too long", f'[2,"{"x" * (FOREIGN_MESSAGE_ID_MAX + 1)}","Reset",{{}}]', BadFrame(fault=Fault.MESSAGE_ID)),
    ("call, short", '[2,"a"]', _call(Fault.LENGTH)),
    ("call without payload", '[2,"a","Reset"]', _call(Fault.LENGTH)),
    ("call, long", '[2,"a","Reset",{},{}]', _call(Fault.LENGTH)),
    ("action is a number", '[2,"a",7,{}]', _call(Fault.ELEMENT)),
    ("payload is a list", '[2,"a","Reset",[]]', _call(Fault.ELEMENT)),
    ("payload is text", '[2,"a","Reset","{}"]', _call(Fault.ELEMENT)),
    ("result, short", '[3,"a"]', _answer(Fault.LENGTH)),
    ("result, long", '[3,"a",{},{}]', _answer(Fault.LENGTH)),
    ("result is a list", '[3,"a",[]]', _answer(Fault.ELEMENT)),
    ("error, short", '[4,"a"]', _answer(Fault.LENGTH)),
    ("error, long", '[4,"a","GenericError","",{},1]', _answer(Fault.LENGTH)),
    ("error code is a number", '[4,"a",5,"",{}]', _answer(Fault.ELEMENT)),
]


@pytest.mark.parametrize("text, bad", [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_a_hostile_frame_is_refused_and_never_raises(text: str | bytes, bad: BadFrame) -> None:
    """Whatever a central system sends, the bridge says what is wrong with it and goes on."""
    assert decode(text) == bad


@pytest.mark.parametrize("beside", ["1", "[[],[],{}]"])
@pytest.mark.parametrize("innermost", ["", "1"])
def test_a_frame_of_the_greatest_allowed_depth_is_read(innermost: str, beside: str) -> None:
    inside = "[" * (DEPTH_MAX - 2) + innermost + "]" * (DEPTH_MAX - 2)
    assert isinstance(decode('[2,"a","DataTransfer",{"x":' + inside + ',"y":' + beside + "}]"), Call)
    assert decode('[2,"a","DataTransfer",{"x":[' + inside + '],"y":' + beside + "}]") == BadFrame(fault=Fault.DEPTH)


def test_many_shallow_brackets_are_not_depth() -> None:
    """A long list is long, not deep; brackets within texts are no brackets."""
    assert isinstance(decode('[2,"a","DataTransfer",{"x":[' + ",".join(["{}"] * 500) + '],"y":"[[[[[["}]'), Call)


def test_a_frame_larger_than_the_limit_is_not_even_parsed() -> None:
    assert decode("x" * (FRAME_BYTES_MAX + 1)) == BadFrame(fault=Fault.SIZE)
    assert decode('[2,"a","Reset",{}]', bytes_max=10) == BadFrame(fault=Fault.SIZE)


def test_the_limits_can_be_set_lower() -> None:
    assert decode('[2,"a","Reset",{"x":{}}]', depth_max=2) == BadFrame(fault=Fault.DEPTH)


def test_a_megabyte_of_brackets_costs_no_time_worth_mentioning() -> None:
    """The loop serves every charge point: one hostile frame must not hold it up."""
    started = time.thread_time()  # what it costs, whatever else the machine is doing
    decode("[" * FRAME_BYTES_MAX)
    decode("[" + ",".join(["[]"] * (FRAME_BYTES_MAX // 3 - 1)) + "]")
    assert time.thread_time() - started < 2.0


def test_what_is_kept_of_a_refusal_is_bounded() -> None:
    frame = decode(orjson.dumps([4, "a", "x" * 10_000, "y" * 10_000, {}]))
    assert isinstance(frame, CallError)
    assert (len(frame.code), len(frame.description)) == (CODE_MAX, DESCRIPTION_MAX)


@pytest.mark.parametrize("frame", [frame for _, frame in FRAMES if not isinstance(frame, CallError)])
def test_what_is_written_is_read_back(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


def test_a_refusal_can_always_be_written() -> None:
    """The error about an error must not fail: a description may hold anything, even half a character."""
    written = encode(CallError(message_id="a", code="FormationViolation", description="\ud800\x00" + "ü" * 10_000))
    assert orjson.loads(written) == [4, "a", "FormationViolation", "?\x00" + "ü" * (DESCRIPTION_MAX - 2), {}]


def test_our_own_ids_keep_to_36_characters() -> None:
    encode(Call(message_id="x" * MESSAGE_ID_MAX, action="Heartbeat", payload={}))
    with pytest.raises(AssertionError):
        encode(Call(message_id="x" * (MESSAGE_ID_MAX + 1), action="Heartbeat", payload={}))


def test_a_longer_foreign_id_is_answered() -> None:
    """A GUID in braces has 38 characters; it is echoed, not refused."""
    frame = decode(orjson.dumps([2, "{" + "x" * 36 + "}", "Reset", {}]))
    assert isinstance(frame, Call)
    assert encode(CallResult(message_id=frame.message_id, payload={})).startswith(b'[3,"{xxx')


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_any_bytes_and_any_text_end_in_a_frame_or_in_a_refusal(data: bytes | str) -> None:
    assert isinstance(decode(data), Call | CallResult | CallError | BadFrame)


@given(JSON | st.lists(JSON, max_size=6) | st.tuples(st.integers(1, 5), st.text(max_size=40), JSON, JSON).map(list))
def test_any_json_ends_in_a_frame_or_in_a_refusal_that_quotes_nothing(message: object) -> None:
    frame = decode(orjson.dumps(message))
    match frame:
        case BadFrame(fault=fault):
            assert fault in Fault
        case Call() if len(frame.message_id) > MESSAGE_ID_MAX:
            assert len(frame.message_id) <= FOREIGN_MESSAGE_ID_MAX
        case Call() | CallResult() | CallError():
            assert isinstance(decode(encode(frame)), type(frame))
