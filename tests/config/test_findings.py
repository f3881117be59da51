"""`bridge.config.findings`."""

import pytest

from bridge.config.findings import Document, Finding, Step, as_written, did_you_mean, in_order, key_path, one_of, table


@pytest.mark.parametrize(
    "path, written",
    [
        (("mqtt", "port"), "mqtt.port"),
        (("users", "anna", "nfc", 0), "users.anna.nfc[0]"),
        (("csms", "my backend"), 'csms."my backend"'),
        (("csms", 'say "hi"'), 'csms."say \\"hi\\""'),
        (("1", "ü"), '1."ü"'),
        ((), ""),
    ],
)
def test_a_path_is_written_as_in_the_file(path: tuple[Step, ...], written: str) -> None:
    """What a message names can be found in the file."""
    assert key_path(path) == written


@pytest.mark.parametrize(
    "value, written",
    [
        (True, "true"),
        (False, "false"),
        (1.5, "1.5"),
        ("text", '"text"'),
        (["a", 1], '["a", 1]'),
        ({"a b": 1, "c": True}, '{ "a b" = 1, c = true }'),
        ("x" * 100, '"' + "x" * 38 + "…"),
    ],
)
def test_a_value_is_repeated_as_it_was_written_but_never_at_length(value: object, written: str) -> None:
    """A message shows what it is about, also where that is a whole page."""
    assert as_written(value) == written


def test_findings_stand_in_the_order_of_the_file_and_none_twice() -> None:
    """A person goes through the file once, from top to bottom; what is missing comes at the end of its table."""
    document: Document = {"b": {"y": [1, 2], "x": 1}, "a": 1}
    found = [
        Finding(("a",), "6"),
        Finding(("b", "missing"), "5"),
        Finding(("b", "x"), "4"),
        Finding(("b", "y", 1), "3"),
        Finding(("b", "y", 0), "2"),
        Finding(("b", "y", 0), "2"),
        Finding(("b",), "1"),
        Finding(("a", "below a number"), "7"),
    ]
    assert [finding.text for finding in in_order(found, document)] == ["1", "2", "3", "4", "5", "6", "7"]


def test_a_finding_without_a_key_is_a_sentence() -> None:
    assert str(Finding((), "no file")) == "no file"
    assert str(Finding(("mqtt", "port"), "is odd")) == "mqtt.port: is odd"


@pytest.mark.parametrize(
    "word, known, hint",
    [
        ("prot", ["host", "port"], 'did you mean "port"?'),
        ("xyz", ["host", "port"], 'write "host" or "port"'),
        ("xyz", ["host"], 'write "host"'),
        ("xyz", [], "there is none yet"),
    ],
)
def test_an_unknown_word_is_answered_with_the_nearest_known_one(word: str, known: list[str], hint: str) -> None:
    """Whoever mistypes a key is told what was meant."""
    assert did_you_mean(word, known) == hint


def test_choices_are_read_as_a_sentence() -> None:
    assert one_of([1, 2, 3]) == "1, 2 or 3"
    assert one_of(["a"]) == '"a"'
    assert one_of([]) == "nothing"


def test_what_is_no_table_counts_as_an_empty_one() -> None:
    """A section that is written wrongly doesn't hide what is wrong elsewhere."""
    assert table({"mqtt": {"port": 1}}, "mqtt") == {"port": 1}
    assert table({"mqtt": 1}, "mqtt") == {}
    assert table({}, "mqtt") == {}
