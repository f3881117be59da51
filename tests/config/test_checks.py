"""`bridge.config.checks`."""

import tomllib

import pytest

from bridge.config import checks
from bridge.config.form import check_form
from bridge.core.settings import Settings

WRONG = [
    # names that lead nowhere
    (
        "[csms.steve]\nurl = 'ws://h'\n[charge_points.a]\ncsms = 'stefe'",
        'charge_points.a.csms: there is no [csms.stefe]; did you mean "steve"?',
    ),
    ("[charge_points.a]\ncsms = 'steve'", "charge_points.a.csms: there is no [csms.steve]; add a table [csms.steve] with its url"),
    (
        "[charge_points.garage]\n[users.u]\nlocal = ['gargae']",
        'users.u.local[0]: there is no [charge_points.gargae]; did you mean "garage"?',
    ),
    (
        "[charge_points.garage]\nreaders = ['hal']\n[readers.hall]",
        'readers.hall: no charge point has this reader; name it in the readers of one, or did you mean "hal"?',
    ),
    # one wallbox, one meter, one identity
    (
        "[charge_points.a]\nwallbox = 'w'\n[charge_points.b]\nwallbox = 'w'\nmeter = 'b'",
        'charge_points.b.wallbox: "w" belongs to charge_points.a already, and two charge points can\'t command one wallbox; write another',
    ),
    (
        "[charge_points.a]\n[charge_points.b]\nmeter = 'a'",
        'charge_points.b.meter: "a" belongs to charge_points.a already, and energy would be billed twice; write another',
    ),
    (
        "[csms.s]\nurl = 'ws://h'\n[charge_points.a]\ncsms = 's'\nidentity = 'X'\n[charge_points.b]\ncsms = 's'\nidentity = 'X'",
        'charge_points.b.identity: "X" is charge_points.a at s already; write the identity that the central system gave to this one',
    ),
    # URLs
    ("[csms.s]\nurl = 'https://h/x'", "csms.s.url: the URL begins with https://: write wss:// instead"),
    (
        "[csms.s]\nurl = 'ws://h/b'\n[charge_points.a]\ncsms = 's'\n[charge_points.b]\ncsms = 's'",
        (
            "csms.s.url: the URL ends in the identity of another charge point: write the central system's URL without it, or with"
            " {identity} in its place (for charge_points.a)"
        ),
    ),
    ("[csms.s]\nurl = 'ws://h'\nca_file = 'x'", "csms.s.ca_file: is for wss:// only; write wss:// in the url, or leave it out"),
    (
        "[charge_points.a]\nidentity = 'A:B'\npassword_env = 'X'",
        "charge_points.a.identity: with a password the identity can't contain a colon (:): ask the central system for another identity",
    ),
    # variables
    (
        "[csms.s]\nurl = 'ws://h'\n[charge_points.a]\ncsms = 's'\nvariables = { One = 1, AuthorisationCacheEnabled = true }",
        (
            "charge_points.a.variables: AuthorisationCacheEnabled is no configuration key of OCPP 1.6 that the bridge has:"
            " did you mean AuthorizationCacheEnabled?"
        ),
    ),
    (
        "[csms.s]\nurl = 'ws://h'\n[charge_points.a]\ncsms = 's'\nvariables = { One = true, Two = 2 }",
        "charge_points.a.variables: Two is no configuration key of OCPP 1.6 that the bridge has: the README lists them all",
    ),
    # users
    ("[users.u]\nlocal = 'some'", 'users.u.local: "some" can\'t be used; write "none", "all" or a list of charge points, as ["some"]'),
    (
        "[csms.s]\nurl = 'ws://h'\n[users.u]\nocpp_tag = '123456789012345678901'",
        "users.u.ocpp_tag: has 21 characters; the central system's protocol allows 20",
    ),
    (
        "[users.u]\nocpp_tag = '--'",
        "users.u.ocpp_tag: has neither letter nor digit; write the tag as the central system's portal shows it",
    ),
    ("[users.u]\nocpp_tag_type = 'eMAID'", "users.u.ocpp_tag_type: says nothing without ocpp_tag; write that as well"),
    ("[users.u]\nnfc = ['04', ': :']", 'users.u.nfc[1]: has neither letter nor digit; write the UID in quotes, for example "04A2B3C4"'),
    # energy management, broker
    ("[ems]\non_missing = 'limit'", 'ems.missing_limit_a: is missing with on_missing = "limit"; write missing_limit_a = 6'),
    (
        "[ems]\nmissing_limit_a = 6",
        'ems.missing_limit_a: is used with on_missing = "limit" only; write that as well, or leave it out',
    ),
    ("[mqtt]\nca_file = 'x'", "mqtt.ca_file: is used with tls only; write tls = true, or leave it out"),
    ("[mqtt]\npassword_file = 'x'", 'mqtt.user: is missing beside password_file; write user = "evbridge"'),
    ("[mqtt]\npassword_env = 'X'", 'mqtt.user: is missing beside password_env; write user = "evbridge"'),
]

RIGHT = [
    # no central system: a longer tag is fine, and nobody needs an address
    "[users.u]\nocpp_tag = '123456789012345678901'",
    "[charge_points.a]\nidentity = 'A:B'",
    # two central systems may know two charge points by one name
    "[csms.s]\nurl='ws://h'\n[csms.t]\nurl='ws://i'\n[charge_points.a]\ncsms='s'\nidentity='X'\n[charge_points.b]\ncsms='t'\nidentity='X'",
    # a reader of several charge points; one without readers
    "[charge_points.a]\nreaders = ['hall']\n[charge_points.b]\nreaders = ['hall']\n[charge_points.c]\nreaders = []\n[readers.hall]",
    "[csms.s]\nurl = 'wss://h/{identity}/'\nca_file = 'x'\n[charge_points.a]\ncsms = 's'\nvariables = { heartbeatinterval = 60 }",
    "[mqtt]\ntls = true\nca_file = 'x'\nuser = 'u'\npassword_file = 'p'",
    "[ems]\non_missing = 'limit'\nmissing_limit_a = 8",
    "[users.u]\nlocal = 'all'\n[users.v]\nlocal = 'none'",
]

ODD = [
    ("[csms.s]\nurl = 'ws://h'", 'csms.s: no charge point uses it; write csms = "s" in one'),
    ("[users.u]", 'users.u: can charge nowhere; write ocpp_tag = "…" or local = "all" in [users.u]'),
    ("[users.u]\nlocal = []", 'users.u: can charge nowhere; write ocpp_tag = "…" or local = "all" in [users.u]'),
    (
        "[users.u]\nnfc = ['04:a2:b3:c4']\n[users.v]\nnfc = ['04A2B3C4']",
        "users.v.nfc: ****B3C4 belongs to users.u already, who keeps it; give each tag to one user",
    ),
    (
        "[users.u]\nocpp_tag = 'TAG-12345'\n[users.v]\nocpp_tag = 'tag12345'",
        "users.v.ocpp_tag: ****2345 belongs to users.u already, who keeps it; give each tag to one user",
    ),
    (
        "[charge_points.a]\nvariables = { HeartbeatInterval = 60 }",
        "charge_points.a.variables: is not used without a central system; write csms as well, or leave it out",
    ),
]


@pytest.mark.parametrize("text, message", WRONG)
def test_what_does_not_fit_together_is_a_problem(text: str, message: str) -> None:
    """Names that lead nowhere, or to the same thing twice, are found before anything starts."""
    assert message in [str(finding) for finding in checks.problems(tomllib.loads(text))]


@pytest.mark.parametrize("text", RIGHT)
def test_what_fits_together_is_none(text: str) -> None:
    """No check is in the way of an installation that works."""
    assert list(checks.problems(tomllib.loads(text))) == []


@pytest.mark.parametrize("text, message", ODD)
def test_what_is_probably_not_meant_is_a_warning(text: str, message: str) -> None:
    """The bridge runs, and says what it makes of it."""
    document = tomllib.loads(text)
    assert list(checks.problems(document)) == []
    assert message in [str(finding) for finding in checks.warnings(document)]


def test_a_broken_identity_is_not_blamed_on_the_url() -> None:
    """One mistake, one message."""
    document = tomllib.loads("[csms.s]\nurl = 'ws://h'\n[charge_points.a]\ncsms = 's'\nidentity = '..'")
    assert [str(finding).partition(": ")[0] for finding in checks.problems(document)] == ["charge_points.a.identity"]


def test_a_url_that_is_wrong_for_all_is_told_once() -> None:
    """Twenty charge points at one central system don't make twenty messages."""
    document = tomllib.loads("[csms.s]\nurl = 'http://h'\n" + "".join(f"[charge_points.c{n}]\ncsms = 's'\n" for n in range(20)))
    assert [str(finding) for finding in checks.problems(document)] == ["csms.s.url: the URL begins with http://: write ws:// instead"]


def test_variables_are_the_first_settings_of_a_charge_point() -> None:
    """What is written under `variables` is what GetConfiguration shows at first."""
    text = "[csms.s]\nurl = 'ws://h'\n[charge_points.a]\ncsms = 's'\nvariables = { ConnectionTimeOut = 120 }\n[charge_points.b]\ncsms = 's'"
    document = tomllib.loads(text)
    assert checks.settings(document, "a") == Settings(connection_timeout_s=120)
    assert checks.settings(document, "b") == Settings()


@pytest.mark.parametrize(
    "written, offered",
    [
        ("", ("ocpp1.6",)),
        ("protocol = 'ocpp2.0.1'", ("ocpp2.0.1",)),
        ("protocol = ['ocpp2.0.1', 'ocpp1.6']", ("ocpp2.0.1", "ocpp1.6")),
        ("protocol = ['ocpp1.6', 'ocpp2.0.1']", ("ocpp1.6", "ocpp2.0.1")),
    ],
)
def test_a_central_system_is_offered_one_version_or_both(written: str, offered: tuple[str, ...]) -> None:
    """The preferred one first."""
    document = tomllib.loads(f"[csms.s]\nurl = 'ws://h'\n{written}\n[charge_points.a]")
    assert check_form(document)[0] == []
    assert checks.protocols(document["csms"]["s"]) == offered


@pytest.mark.parametrize("protocol", ["'ocpp2.1'", "[]", "['ocpp1.6', 'ocpp1.6']", "16"])
def test_other_versions_are_none(protocol: str) -> None:
    assert check_form(tomllib.loads(f"[csms.s]\nurl = 'ws://h'\nprotocol = {protocol}\n[charge_points.a]"))[0]


def test_first_values_are_in_the_words_of_the_preferred_version() -> None:
    """Those of the other are unknown, and said to be."""
    text = "[csms.s]\nurl = 'ws://h'\nprotocol = ['ocpp2.0.1', 'ocpp1.6']\n[charge_points.a]\ncsms = 's'\nvariables = { Heartbeat = 6 }"
    assert [finding.path for finding in checks.problems(tomllib.loads(text))] == [("charge_points", "a", "variables")]
