"""`bridge.config.load` and what it builds."""

from decimal import Decimal
from pathlib import Path

import pytest

from bridge.config import LogForm, MqttProtocol, PasswordForm, Reader, load
from bridge.config.load import FILE_BYTES_MAX
from bridge.core.identity import User
from bridge.core.settings import Ability, Cable, EnergyRules, Missing, Rules, Settings
from bridge.core.values import ChargePointId, IdTag, Mode, ReaderId, TagKind, UserId
from bridge.errors import ConfigurationRefused
from bridge.ocpp.dialect import Nameplate
from tests.config.files import GOOD, loaded, refused

GARAGE = ChargePointId("garage")


def test_little_is_needed(tmp_path: Path) -> None:
    """A name and a central system make a charge point; wallbox, meter and reader are called like it."""
    configuration = loaded(tmp_path, GOOD)
    charge_point = configuration.charge_points[GARAGE]
    assert charge_point.identity == charge_point.wallbox == charge_point.meter == "garage"
    assert charge_point.readers == (ReaderId("garage"),)
    assert charge_point.csms is configuration.csms["steve"]
    assert charge_point.address == "ws://steve:8180/steve/websocket/CentralSystemService/garage"
    assert charge_point.password is None
    assert charge_point.nameplate == Nameplate(vendor="evbridge", model="MQTT wallbox")
    assert charge_point.settings == Settings()
    assert charge_point.rules == Rules(charge_point=GARAGE, backend="steve")
    assert configuration.readers == {ReaderId("garage"): Reader(id=ReaderId("garage"), charge_points=(GARAGE,))}
    assert configuration.store == tmp_path / "evbridge.db"
    assert configuration.currency == "EUR"
    assert configuration.warnings == ()


def test_a_charge_point_without_central_system_is_local_only(tmp_path: Path) -> None:
    """The bridge is of use before there is a contract with a backend."""
    charge_point = loaded(tmp_path, "[charge_points.garage]").charge_points[GARAGE]
    assert charge_point.csms is None
    assert charge_point.address is None
    assert charge_point.rules.backend is None


FULL = """\
currency = "CHF"
[mqtt]
host = "broker"
port = 8883
tls = true
ca_file = "{certificate}"
user = "evbridge"
password_env = "BROKER"
root = "home/evbridge"
protocol = "3.1.1"
instance = "bridge-2"
[csms.steve]
url = "wss://h/{{identity}}/"
name = "SteVe"
ca_file = "{certificate}"
password_form = "hex"
monitor = true
monitor_grace_s = 60
call_timeout_s = 20
connect_timeout_s = 10
reconnect_max_s = 60
boot_retry_min_s = 5
[charge_points.garage]
csms = "steve"
identity = "DE*1"
password_env = "GARAGE"
wallbox = "box"
meter = "sdm"
readers = ["hall", "yard"]
vendor = "go-e"
model = "Gemini"
serial = "1"
firmware = "2"
meter_serial = "3"
meter_type = "4"
max_current_a = 32
phases = 1
voltage_v = 240
cable = "fixed"
mode = "prio"
price_per_kwh = 0.29
show_prices = true
tap_stops = false
stop_tap_min_s = 5
question_s = 4.5
resume = true
continue_max_s = 60
can = ["reset"]
variables = {{ MeterValueSampleInterval = 30, AuthorizeRemoteTxRequests = false }}
[charge_points.yard]
readers = ["yard"]
[readers.yard]
led_hold_ms = 4000
mode = "eco"
[users.anna]
name = "Anna"
ocpp_tag = "ANNA-1"
ocpp_tag_type = "eMAID"
nfc = ["04A2", "04A3"]
local = ["garage"]
mode = "prio"
[users.guest]
local = "all"
[ems]
required = ["load", "grid"]
stale_after_s = 120
on_missing = "limit"
missing_limit_a = 8
[store]
path = "data/b.db"
[log]
level = "debug"
form = "json"
"""


def test_every_key_arrives(tmp_path: Path, certificate: Path) -> None:
    """Nothing that can be written in the file is ignored."""
    configuration = loaded(tmp_path, FULL.format(certificate=certificate), BROKER="b", GARAGE="00ff")
    mqtt, csms = configuration.mqtt, configuration.csms["steve"]
    assert (mqtt.host, mqtt.port, mqtt.tls, mqtt.ca_file) == ("broker", 8883, True, certificate)
    assert (mqtt.user, mqtt.root, mqtt.protocol, mqtt.instance) == ("evbridge", "home/evbridge", MqttProtocol.V311, "bridge-2")
    assert mqtt.password is not None
    assert mqtt.password.text == "b"
    assert (csms.id, csms.name, csms.protocols, csms.ca_file) == ("steve", "SteVe", ("ocpp1.6",), certificate)
    assert (csms.password_form, csms.monitor, csms.monitor_grace_s) == (PasswordForm.HEX, True, 60)
    assert (csms.call_timeout_s, csms.connect_timeout_s) == (20, 10)
    assert (csms.reconnect_max_s, csms.boot_retry_min_s) == (60, 5)
    assert configuration.store == tmp_path / "data" / "b.db"
    assert (configuration.log.level, configuration.log.form, configuration.currency) == ("debug", LogForm.JSON, "CHF")
    charge_point = configuration.charge_points[GARAGE]
    assert (charge_point.identity, charge_point.address) == ("DE*1", "wss://h/DE%2A1/")
    assert charge_point.password is not None
    assert charge_point.password.text == "00ff"
    assert (charge_point.wallbox, charge_point.meter, charge_point.readers) == ("box", "sdm", ("hall", "yard"))
    assert charge_point.nameplate == Nameplate(vendor="go-e", model="Gemini", serial="1", firmware="2", meter_serial="3", meter_type="4")
    assert charge_point.settings == Settings(sample_interval_s=30, authorize_remote=False)


def test_charge_points_with_the_same_settings_share_them(tmp_path: Path) -> None:
    """A thousand of them take no more memory than one."""
    file = tmp_path / "evbridge.toml"
    each = "[charge_points.{0}]\ncsms = 'steve'\n[charge_points.{0}.variables]\nConnectionTimeOut = 1\n"
    file.write_text("[csms.steve]\nurl = 'ws://h'\n" + each.format("left") + each.format("right"))
    left, right = load(file).charge_points.values()
    assert left.settings is right.settings
    assert left.rules.can is right.rules.can


def test_rules_are_the_sections_of_charge_point_and_energy_management(tmp_path: Path, certificate: Path) -> None:
    """Each charge point carries all its rules with it; those of energy management are the same for all."""
    configuration = loaded(tmp_path, FULL.format(certificate=certificate), BROKER="b", GARAGE="00ff")
    energy = EnergyRules(required=("load", "grid"), stale_after_s=120, on_missing=Missing.LIMIT, missing_limit_a=8)
    assert configuration.charge_points[GARAGE].rules == Rules(
        charge_point=GARAGE,
        backend="SteVe",
        max_current_a=32,
        phases=1,
        voltage_v=240,
        cable=Cable.FIXED,
        mode=Mode.PRIO,
        price_per_kwh=Decimal("0.29"),
        show_backend_prices=True,
        tag_length_max=20,
        question_s=4.5,
        tap_stops=False,
        stop_tap_min_s=5,
        resume=True,
        continue_max_s=60,
        energy=energy,
        can=frozenset({Ability.RESET}),
        currency="CHF",
    )
    assert configuration.charge_points[ChargePointId("yard")].rules.energy == energy
    assert configuration.charge_points[ChargePointId("yard")].rules.tag_length_max == 36


def test_readers_and_users_are_ready_for_use(tmp_path: Path, certificate: Path) -> None:
    """A reader knows whom it serves, a user where charging is allowed."""
    configuration = loaded(tmp_path, FULL.format(certificate=certificate), BROKER="b", GARAGE="00ff")
    assert configuration.readers == {
        "hall": Reader(id=ReaderId("hall"), charge_points=(GARAGE,)),
        "yard": Reader(id=ReaderId("yard"), charge_points=(GARAGE, ChargePointId("yard")), led_hold_ms=4000, mode=Mode.ECO),
    }
    anna = User(
        id=UserId("anna"),
        name="Anna",
        tag=IdTag(text="ANNA-1", kind=TagKind.EMAID),
        cards=("04A2", "04A3"),
        charge_points=frozenset({GARAGE}),
        mode=Mode.PRIO,
    )
    assert configuration.users == {"anna": anna, "guest": User(id=UserId("guest"), name="guest", everywhere=True)}


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    """A configuration is mended in one go: form, names, files and passwords are looked at together."""
    text = """\
[mqtt]
port = "1883"
password_file = "nowhere"
[csms.steve]
url = "http://h"
[charge_points.garage]
csms = "stevie"
typo = 1
variables = { HeartbeatInterval = "soon" }
[charge_points.yard]
csms = "steve"
password_env = "NOT_SET"
"""
    assert [problem.partition(": ")[0] for problem in refused(tmp_path, text)] == [
        "mqtt.port",
        "mqtt.password_file",
        "mqtt.user",
        "csms.steve.url",
        "charge_points.garage.csms",
        "charge_points.garage.typo",
        "charge_points.yard.password_env",
    ]


def test_warnings_are_told_with_a_configuration_that_works(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, GOOD + "[users.nobody]")
    assert configuration.warnings == ('users.nobody: can charge nowhere; write ocpp_tag = "…" or local = "all" in [users.nobody]',)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"[mqtt", "is not TOML: Expected ']' at the end of a table declaration"),
        (b"a = b", "is not TOML: Invalid value (at line 1, column 5). A text needs quotes, a table a line like [mqtt]"),
        (b"a = 1\na = 2", "is not TOML: Cannot overwrite a value"),
        (b"# caf\xe9", "is not a text in UTF-8; save it as UTF-8"),
        (b"#" * (FILE_BYTES_MAX + 1), f"has more than {FILE_BYTES_MAX} bytes; is it a configuration?"),
        (b"a = " + b"[" * 100_000, "is nested too deeply; is it a configuration?"),
    ],
    ids=["unfinished", "no quotes", "twice", "latin-1", "too long", "too deep"],
)
def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path, content: bytes, message: str) -> None:
    """Where and why, and what to do; never a traceback."""
    file = tmp_path / "evbridge.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationRefused) as told:
        load(file)
    (problem,) = told.value.problems
    assert problem.startswith(f"{file} {message}")


def test_a_missing_file_is_answered_with_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused) as told:
        load(tmp_path / "evbridge.toml")
    assert told.value.problems == (
        f"{tmp_path / 'evbridge.toml'} can't be read (no such file or directory). `evbridge init` writes one to start from.",
    )


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationRefused, match="can't be read"):
        load(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    """Some editors put one in front of every file."""
    file = tmp_path / "evbridge.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert GARAGE in load(file, environment={}).charge_points


def test_a_tag_is_never_a_number(tmp_path: Path) -> None:
    """12345678 without quotes would lose its leading zeros; the file is refused instead."""
    assert refused(tmp_path, GOOD + "[users.anna]\nnfc = [012345678]")
    assert refused(tmp_path, GOOD + "[users.anna]\nnfc = [12345678]") == ("users.anna.nfc[0]: can't be used; write the UID in quotes",)
