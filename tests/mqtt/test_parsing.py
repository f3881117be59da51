"""Bytes to values: size, depth, numbers, duplicates and encoding are limited before anything else happens."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.mqtt.parsing import DEPTH_MAX, PAYLOAD_MAX, iso, json_of, normalised_tag, session_of, text_of, utc_ms


@pytest.mark.parametrize(
    "payload, value",
    [
        (b"true", True),
        (b" 7360\n", 7360),
        (b"-0.5e2", -50.0),
        (b'{"a": [1, null, "\xc3\xa4"]}', {"a": [1, None, "ä"]}),
        (b'"\\u00e4 \\ud83d\\ude00"', "ä 😀"),
        (b"[" * DEPTH_MAX + b"]" * DEPTH_MAX, json.loads("[" * DEPTH_MAX + "]" * DEPTH_MAX)),
        (b'{"signed": "OCMF|{[{[{[{[{[{\\"}]"}', {"signed": 'OCMF|{[{[{[{[{[{"}]'}),
        (b'["\\\\", [1]]' + b" " * 10, ["\\", [1]]),
    ],
)
def test_json_is_read(payload: bytes, value: object) -> None:
    assert json_of(payload) == value


@pytest.mark.parametrize(
    "payload, reason",
    [
        (b"", "is not JSON"),
        (b"04A2B3", "is not JSON (Extra data at character 2)"),
        (b"{", "is not JSON"),
        (b"TRUE", "is not JSON"),
        (b"{'tag': 1}", "is not JSON"),
        (b"NaN", "has NaN, which is no number"),
        (b"[Infinity]", "has Infinity"),
        (b"-Infinity", "has -Infinity"),
        (b"1e400", "has a number too large"),
        (b"-1e400", "has a number too large"),
        (b"9" * 18, "has a number of more than 17 digits"),
        (b"9" * 10_000, "has a number of more than 17 digits"),
        (b'{"tag": 1, "tag": 2}', "has a key twice"),
        (b'"\\ud800"', "has half a character"),
        (b'{"\\udfff": 1}', "has half a character"),
        (b'"\xff\xfe"', "is not UTF-8"),
        (b"\xed\xa0\x80", "is not UTF-8"),
        (b"[" * 9 + b"]" * 9, "is nested deeper than 8 levels"),
        (b"[" * 16_000, "is nested deeper than 8 levels"),
        (b'{"a":' * 2_000 + b"1" + b"}" * 2_000, "is nested deeper than 8 levels"),
        (b'"' + b"x" * PAYLOAD_MAX + b'"', f"has {PAYLOAD_MAX + 2} bytes, and {PAYLOAD_MAX} are the limit"),
        (b'"' + b"x" * 1_000_000 + b'"', "has 1000002 bytes"),
        (b'"' + b'\\"' * 8_000, "is not JSON"),
        (b'"a\x00b"', "is not JSON"),
    ],
)
def test_what_nobody_means_is_refused(payload: bytes, reason: str) -> None:
    """One clear reason, whatever is thrown at the bridge."""
    with pytest.raises(ValueError) as refused:
        json_of(payload)
    assert str(refused.value).startswith(reason)


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:\\u0aDd1e+- tfn', max_size=60).map(str.encode))
def test_any_bytes_are_a_value_or_a_refusal(payload: bytes) -> None:
    """Nothing from outside ends the process (reliability N2)."""
    try:
        value = json_of(payload)
    except ValueError:
        return
    assert json.loads(json.dumps(value, allow_nan=False).encode()) == value


def test_bare_text_loses_the_white_space_around_it() -> None:
    assert text_of(b" online\r\n") == "online"


@pytest.mark.parametrize("payload, reason", [(b"\xff", "is not UTF-8"), (b"x" * (PAYLOAD_MAX + 1), "has 16385 bytes")])
def test_bare_text_has_the_same_limits(payload: bytes, reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        text_of(payload)
    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize(
    "text, ms",
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-31T12:00:00Z", 1_769_860_800_000),
        ("2026-01-31T12:00:00.250Z", 1_769_860_800_250),
        ("2026-01-31T12:00:00.123456789Z", 1_769_860_800_123),
        ("2026-01-31T13:30:00+01:30", 1_769_860_800_000),
        ("2026-01-31T07:00:00-05:00", 1_769_860_800_000),
    ],
)
def test_times_are_read_with_any_offset(text: str, ms: int) -> None:
    assert utc_ms(text) == ms


@given(st.integers(0, 4_000_000_000_000))
def test_times_are_written_in_utc_with_milliseconds(ms: int) -> None:
    text = iso(ms)
    assert len(text) == len("2026-01-31T12:00:00.000Z")
    assert text.endswith("Z")
    assert utc_ms(text) == ms


@pytest.mark.parametrize(
    "written, tag",
    [
        ("04:a2:b3:c4", "04A2B3C4"),
        ("04-A2-b3-c4", "04A2B3C4"),
        ("04 a2.b3 c4", "04A2B3C4"),
        ("04a2b3c4", "04A2B3C4"),
        ("12345678", "12345678"),
        ("7616525", "7616525"),
        ("DE-8AA-CA2B3C4D5-N", "DE-8AA-CA2B3C4D5-N"),
        (" My Tag ", "My Tag"),
        ("RFID_0815", "RFID_0815"),
        ("cafe", "CAFE"),
    ],
)
def test_one_card_is_one_tag_however_the_reader_writes_it(written: str, tag: str) -> None:
    """Hex loses its separators; any other text (an eMAID) stays as the central system knows it."""
    assert normalised_tag(written) == tag


def test_a_finished_session_is_known_again_and_other_words_are_none() -> None:
    """Whatever stands on the bridge's own topic: somebody else may have written it."""
    assert session_of(b'{"id": "s1", "ended": "2026-01-31T12:00:00.500Z", "more": 1}') == ("s1", utc_ms("2026-01-31T12:00:00.500Z"))
    others = (b"", b"rubbish", b"[]", b"7", b"null", b"[" * 5000, b'{"id": "s1"}', b'{"ended": "2026-01-31T12:00:00Z"}')
    times = (b"null", b"7", b'"soon"', b'"2026-01-31T12:00:00"')
    for words in (*others, *(b'{"id": "s1", "ended": ' + time + b"}" for time in times)):
        assert session_of(words) is None, words
