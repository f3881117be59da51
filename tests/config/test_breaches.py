"""`bridge.config.breaches`."""

import tomllib

import pytest

from bridge.config.findings import Document
from bridge.config.form import check_form

WRONG: list[tuple[str, str]] = [
    # unknown keys
    ('currenzy = "EUR"', 'currenzy: is unknown; did you mean "currency"?'),
    ("[mqtt]\nhots = 1", 'mqtt.hots: is unknown; did you mean "host"?'),
    ('[mqtt]\npassword = "x"', "mqtt.password: is unknown; passwords don't stand in this file: write password_file or password_env"),
    ('[mqtt]\nlevel = "debug"', "mqtt.level: is unknown; it belongs into [log]"),
    ("[mqtt]\nphases = 3", "mqtt.phases: is unknown; it belongs into [charge_points.ID]"),
    ("price_per_kwh = 1", "price_per_kwh: is unknown; it belongs into [charge_points.ID]"),
    ('mode = "eco"', "mode: is unknown; it belongs into [charge_points.ID] or [readers.ID] or [users.ID]"),
    ("[store]\nzzz = 1", 'store.zzz: is unknown; write "path"'),
    # types
    ('[mqtt]\nport = "1883"', 'mqtt.port: "1883" can\'t be used; write a whole number from 1 to 65535, for example 1883'),
    ("[mqtt]\nport = 1.5", "mqtt.port: 1.5 can't be used; write a whole number from 1 to 65535, for example 1883"),
    ("[mqtt]\nport = true", "mqtt.port: true can't be used; write a whole number from 1 to 65535, for example 1883"),
    ('[mqtt]\ntls = "yes"', 'mqtt.tls: "yes" can\'t be used; write true or false'),
    ("[mqtt]\nhost = 2026-01-31", 'mqtt.host: 2026-01-31 can\'t be used; write a text in quotes, for example "192.168.1.10"'),
    ("mqtt = 1", "mqtt: 1 can't be used; write a table"),
    ("[ems]\nrequired = 1", 'ems.required: 1 can\'t be used; write a list in brackets, for example ["load"]'),
    ("[users.anna]\nnfc = [12345678]", "users.anna.nfc[0]: can't be used; write the UID in quotes"),
    (
        "[users.anna]\nocpp_tag = 12345678",
        'users.anna.ocpp_tag: can\'t be used; write a text in quotes of 1 to 36 characters, for example "DE-ABC-C00001-X"',
    ),
    ("[users.anna]\nlocal = 1", 'users.anna.local: 1 can\'t be used; write "none", "all" or a list of charge points, for example "all"'),
    # values
    ("[charge_points.garage]\nphases = 4", "charge_points.garage.phases: 4 can't be used; write 1, 2 or 3"),
    (
        "[charge_points.garage]\nmax_current_a = 5",
        "charge_points.garage.max_current_a: 5 can't be used; write a number from 6 to 500, for example 16",
    ),
    (
        "[charge_points.garage]\nprice_per_kwh = -1",
        "charge_points.garage.price_per_kwh: -1 can't be used; write a number from 0 to 100, for example 0.29",
    ),
    (
        '[charge_points.garage]\nvendor = "123456789012345678901"',
        'charge_points.garage.vendor: has 21 characters; write a text in quotes of 1 to 20 characters, for example "go-e"',
    ),
    (
        '[charge_points.garage]\nvendor = ""',
        'charge_points.garage.vendor: "" can\'t be used; write a text in quotes of 1 to 20 characters, for example "go-e"',
    ),
    ('[charge_points.garage]\nreaders = ["a", "a"]', "charge_points.garage.readers: names something twice; write each once"),
    (
        '[mqtt]\nroot = "/evbridge/#"',
        (
            'mqtt.root: "/evbridge/#" can\'t be used; write words of letters, digits, dots and dashes, with / between them,'
            ' for example "evbridge"'
        ),
    ),
    ('currency = "Euro"', 'currency: "Euro" can\'t be used; write three capital letters, for example "EUR"'),
    ("[csms.a]\nurl = 'ws://h'\nmonitor_grace_s = nan", "csms.a.monitor_grace_s: nan is no number to work with; write a finite one"),
    ("[csms.a]\nurl = 'ws://h'\nmonitor_grace_s = -inf", "csms.a.monitor_grace_s: -inf is no number to work with; write a finite one"),
    ('[mqtt]\nhost = "a\\u0007b"', "mqtt.host: has a control character; write it without"),
    ('[ems]\nrequired = ["a\\u0007b"]', "ems.required[0]: has a control character; write it without"),
    ('[users."a\\nb"]', 'users."a\\nb": has a control character in its name; write it without'),
    # ids
    ("[csms.Steve]\nurl = 'ws://h'", 'csms.Steve: can\'t be an ID; write small letters, digits and dashes, at most 32, and not "all"'),
    ("[charge_points.all]", 'charge_points.all: can\'t be an ID; write small letters, digits and dashes, at most 32, and not "all"'),
    # missing
    ("[csms.steve]", 'csms.steve.url: is missing; write url = "wss://backend.example/ocpp/{identity}"'),
    ("charge_points = {}", "charge_points: is empty; write at least one table in it, for example [charge_points.garage]"),
    (
        "[charge_points.garage]\nreaders = [" + ",".join(f'"r{n}"' for n in range(33)) + "]",
        "charge_points.garage.readers: has more than 32 entries; take some out",
    ),
]


@pytest.mark.parametrize("text, message", WRONG, ids=[message.partition(":")[0] + f"-{n}" for n, (_, message) in enumerate(WRONG)])
def test_each_mistake_is_told_with_its_key_and_what_to_write_instead(text: str, message: str) -> None:
    """Nobody has to look into the manual to mend a configuration."""
    findings, _ = check_form(tomllib.loads(text + ("" if "charge_points" in text else "\n[charge_points.x]")))
    assert message in [str(finding) for finding in findings]


def test_a_file_without_charge_points_is_told_how_to_write_one() -> None:
    """An empty file is answered with the first step."""
    findings, _ = check_form({})
    assert [str(finding) for finding in findings] == [
        "charge_points: is missing; write at least one table, for example [charge_points.garage]"
    ]


def test_a_tag_is_never_repeated() -> None:
    """Whoever sends us the output of `evbridge check` sends no cards along."""
    document = {"charge_points": {"garage": {}}, "users": {"anna": {"nfc": ["A" * 65], "ocpp_tag": "B" * 40}}}
    findings, _ = check_form(document)
    told = "\n".join(map(str, findings))
    assert len(findings) == 2
    assert "AAA" not in told
    assert "BBB" not in told


def test_what_is_broken_is_taken_out_and_the_rest_stays() -> None:
    """The checks that follow see everything that can be understood."""
    document: Document = {
        "charge_points": {
            "garage": {"csms": "steve", "phases": 9, "typo": 1, "readers": ["fine", "Not Fine"], "variables": {"x": 1.5, "y": 1}}
        },
        "csms": {"steve": {}, "BAD": {"url": "ws://h"}},
        "ems": 3,
    }
    _, sound = check_form(document)
    assert sound == {"charge_points": {"garage": {"csms": "steve", "variables": {"y": 1}}}, "csms": {"steve": {}, "BAD": {"url": "ws://h"}}}
    assert document["ems"] == 3, "the document itself is left as it was"
