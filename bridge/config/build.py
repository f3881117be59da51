"""From a document without problems to the values everything else is built from."""

from decimal import Decimal
from functools import cache

from bridge.config import checks
from bridge.config.findings import Document, table
from bridge.config.secrets import Secrets
from bridge.config.values import ChargePoint, Configuration, Csms, Log, LogForm, Mqtt, MqttProtocol, PasswordForm, Reader
from bridge.core.identity import User
from bridge.core.settings import Ability, Cable, EnergyRules, Missing, Rules, Settings
from bridge.core.values import ChargePointId, IdTag, Mode, ReaderId, TagKind, UserId
from bridge.ocpp.address import station_url
from bridge.ocpp.dialect import Nameplate

TAG_LENGTH_ALONE = 36
"""Without a central system nothing limits a tag but its longest form in any version."""


def build(document: Document, secrets: Secrets) -> Configuration:
    """Everything at once."""
    csms = {key: _csms(key, values, secrets) for key, values in checks.tables(document, "csms")}
    identities = frozenset(checks.identity(*each) for each in checks.tables(document, "charge_points"))
    charge_points = {
        ChargePointId(key): _charge_point(key, document, csms.get(values.get("csms", "")), secrets, identities)
        for key, values in checks.tables(document, "charge_points")
    }
    return Configuration(
        mqtt=_mqtt(table(document, "mqtt"), secrets),
        csms=csms,
        charge_points=charge_points,
        readers=_readers(document, charge_points),
        users={UserId(key): _user(key, values) for key, values in checks.tables(document, "users")},
        store=secrets.folder / table(document, "store").get("path", "evbridge.db"),
        tape_mb=table(document, "tape").get("size_mb", 16),
        log=_log(table(document, "log")),
        currency=document.get("currency", "EUR"),
    )


def _mqtt(values: Document, secrets: Secrets) -> Mqtt:
    return Mqtt(
        host=values.get("host", "localhost"),
        port=int(values.get("port", 1883)),
        tls=values.get("tls", False),
        ca_file=secrets.files.get(("mqtt", "ca_file")),
        user=values.get("user"),
        password=secrets.passwords.get(("mqtt",)),
        root=values.get("root", "evbridge"),
        protocol=MqttProtocol(values.get("protocol", "5")),
        instance=values.get("instance", "evbridge"),
    )


def _csms(key: str, values: Document, secrets: Secrets) -> Csms:
    return Csms(
        id=key,
        name=values.get("name", key),
        url=values["url"],
        protocols=checks.protocols(values),
        file_hosts=tuple(values.get("file_hosts", ())),
        network_hosts=tuple(values.get("network_hosts", ())),
        ca_file=secrets.files.get(("csms", key, "ca_file")),
        password_form=PasswordForm(values.get("password_form", "text")),
        monitor=values.get("monitor", False),
        monitor_grace_s=float(values.get("monitor_grace_s", 300)),
        call_timeout_s=float(values.get("call_timeout_s", 30)),
        connect_timeout_s=float(values.get("connect_timeout_s", 30)),
        reconnect_max_s=float(values.get("reconnect_max_s", 300)),
        boot_retry_min_s=int(values.get("boot_retry_min_s", 10)),
    )


def _charge_point(key: str, document: Document, csms: Csms | None, secrets: Secrets, identities: frozenset[str]) -> ChargePoint:
    values = table(table(document, "charge_points"), key)
    identity = checks.identity(key, values)
    return ChargePoint(
        id=ChargePointId(key),
        identity=identity,
        csms=csms,
        address=None if csms is None else station_url(csms.url, identity, identities=identities),
        password=secrets.passwords.get(("charge_points", key)),
        wallbox=checks.wallbox(key, values),
        meter=checks.meter(key, values),
        readers=tuple(ReaderId(reader) for reader in checks.readers(key, values)),
        nameplate=_nameplate(values),
        rules=_rules(key, document, csms),
        settings=_shared(checks.settings(document, key)),
    )


@cache
def _shared(settings: Settings) -> Settings:
    """One object for all charge points with the same: it takes half a kilobyte."""
    return settings


def _nameplate(values: Document) -> Nameplate:
    return Nameplate(
        vendor=values.get("vendor", "evbridge"),
        model=values.get("model", "MQTT wallbox"),
        serial=values.get("serial"),
        firmware=values.get("firmware"),
        meter_serial=values.get("meter_serial"),
        meter_type=values.get("meter_type"),
    )


def _rules(key: str, document: Document, csms: Csms | None) -> Rules:
    values = table(table(document, "charge_points"), key)
    return Rules(
        charge_point=ChargePointId(key),
        backend=None if csms is None else csms.name,
        max_current_a=float(values.get("max_current_a", 16)),
        phases=int(values.get("phases", 3)),
        voltage_v=float(values.get("voltage_v", 230)),
        cable=Cable(values.get("cable", "socket")),
        mode=Mode(values.get("mode", "eco")),
        price_per_kwh=_price(values),
        show_backend_prices=values.get("show_prices", False),
        tag_length_max=TAG_LENGTH_ALONE if csms is None else min(checks.TAG_LENGTH_MAX[one] for one in csms.protocols),
        question_s=float(values.get("question_s", 8)),
        tap_stops=values.get("tap_stops", True),
        stop_tap_min_s=float(values.get("stop_tap_min_s", 15)),
        stop_wait_s=float(values.get("stop_wait_s", 5)),
        resume=values.get("resume", False),
        continue_max_s=float(values.get("continue_max_s", 600)),
        energy=_energy(table(document, "ems")),
        can=_abilities(tuple(values.get("can", ("limit", "unlock")))),
        smart_charging=values.get("smart_charging", False),
        transaction_events=csms is not None and "ocpp2.0.1" in csms.protocols,
        vendors=tuple(values.get("data_transfer_vendors", ())),
        file_hosts=() if csms is None else csms.file_hosts,
        currency=document.get("currency", "EUR"),
    )


@cache
def _abilities(words: tuple[str, ...]) -> frozenset[Ability]:
    """One set for all charge points that can the same."""
    return frozenset(map(Ability, words))


def _price(values: Document) -> Decimal | None:
    # by way of its shortest text: 0.29 is meant, not its nearest double
    return Decimal(str(values["price_per_kwh"])) if "price_per_kwh" in values else None


def _energy(values: Document) -> EnergyRules:
    stale = values.get("stale_after_s")
    return EnergyRules(
        required=tuple(values.get("required", ())),
        stale_after_s=None if stale is None else float(stale),
        on_missing=Missing(values.get("on_missing", "stop")),
        missing_limit_a=float(values.get("missing_limit_a", 6)),
    )


def _readers(document: Document, charge_points: dict[ChargePointId, ChargePoint]) -> dict[ReaderId, Reader]:
    serves: dict[ReaderId, list[ChargePointId]] = {}
    for charge_point in charge_points.values():
        for reader in charge_point.readers:
            serves.setdefault(reader, []).append(charge_point.id)
    described = table(document, "readers")
    return {key: _reader(key, tuple(served), table(described, key)) for key, served in serves.items()}


def _reader(key: ReaderId, served: tuple[ChargePointId, ...], values: Document) -> Reader:
    return Reader(id=key, charge_points=served, led_hold_ms=int(values.get("led_hold_ms", 700)), mode=_mode(values))


def _mode(values: Document) -> Mode | None:
    return Mode(values["mode"]) if "mode" in values else None


def _user(key: str, values: Document) -> User:
    kind = values.get("ocpp_tag_type")
    local = values.get("local", "none")
    return User(
        id=UserId(key),
        name=values.get("name", key),
        tag=IdTag(text=values["ocpp_tag"], kind=None if kind is None else TagKind(kind)) if "ocpp_tag" in values else None,
        cards=tuple(values.get("nfc", ())),
        everywhere=local == "all",
        charge_points=frozenset(map(ChargePointId, local)) if isinstance(local, list) else frozenset(),
        mode=_mode(values),
    )


def _log(values: Document) -> Log:
    return Log(level=values.get("level", "info"), form=LogForm(values.get("form", "text")))
