"""What a schema can't say: names that must fit together. Works on a document whose form is sound (`form.check_form`)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from bridge.config.findings import Document, Finding, as_written, did_you_mean, key_path, table
from bridge.core.settings import Settings
from bridge.core.values import tag_key
from bridge.mqtt.privacy import mask
from bridge.ocpp.address import check_identity, station_url
from bridge.ocpp.v16 import keys as ocpp16
from bridge.ocpp.v201.dialect import Dialect201

TAG_LENGTH_MAX = {"ocpp1.6": 20, "ocpp2.0.1": 36}
"""Characters of a tag by protocol (OCPP 1.6 §7.28 IdToken, OCPP 2.0.1 part 2 §2.28 IdTokenType)."""

INITIAL = {"ocpp1.6": ocpp16.initial, "ocpp2.0.1": Dialect201().initial}
"""How a table of first values becomes settings, by protocol; where two are offered, in the words of the preferred one."""


def problems(document: Document) -> Iterator[Finding]:
    """What can't work."""
    yield from _references(document)
    yield from _shared(document)
    yield from _links(document)
    yield from _variables(document)
    yield from _users(document)
    yield from _readers(document)
    yield from _energy(document)
    yield from _broker(document)


def warnings(document: Document) -> Iterator[Finding]:
    """What works and is probably not meant."""
    yield from _doubles(document)
    yield from _idle(document)


def identity(key: str, charge_point: Document) -> str:
    """The name at the central system."""
    return str(charge_point.get("identity", key))


def wallbox(key: str, charge_point: Document) -> str:
    """The wallbox's ID in its topics."""
    return str(charge_point.get("wallbox", key))


def meter(key: str, charge_point: Document) -> str:
    """The meter's ID in its topics."""
    return str(charge_point.get("meter", wallbox(key, charge_point)))


def readers(key: str, charge_point: Document) -> list[str]:
    """The IDs of its readers."""
    return [str(reader) for reader in charge_point.get("readers", [key])]


def settings(document: Document, key: str) -> Settings:
    """What a charge point starts with. Raises ValueError that names the variable and the allowed values."""
    values = table(table(document, "charge_points"), key)
    csms = table(table(document, "csms"), values.get("csms", ""))
    if not csms or "variables" not in values:
        return Settings()
    return INITIAL[protocols(csms)[0]](values["variables"], base=Settings())


def protocols(csms: Document) -> tuple[str, ...]:
    """Of a central system: one, or a list with the preferred one first."""
    said = csms.get("protocol", "ocpp1.6")
    return (said,) if isinstance(said, str) else tuple(said)


def tables(document: Document, section: str) -> Iterator[tuple[str, Document]]:
    """The tables `[section.ID]`."""
    for key in table(document, section):
        yield key, table(table(document, section), key)


def _references(document: Document) -> Iterator[Finding]:
    known = table(document, "csms")
    for key, charge_point in tables(document, "charge_points"):
        csms = charge_point.get("csms")
        if csms is not None and csms not in known:
            hint = did_you_mean(csms, known) if known else f"add a table [csms.{csms}] with its url"
            yield Finding(("charge_points", key, "csms"), f"there is no [csms.{csms}]; {hint}")
    charge_points = table(document, "charge_points")
    for key, user in tables(document, "users"):
        local = user.get("local", "none")
        for index, name in enumerate(local if isinstance(local, list) else ()):
            if name not in charge_points:
                yield Finding(("users", key, "local", index), f"there is no [charge_points.{name}]; {did_you_mean(name, charge_points)}")


def _shared(document: Document) -> Iterator[Finding]:
    """One wallbox, one meter, one identity at a central system: each belongs to one charge point."""
    for what, name_of, why in (
        ("wallbox", wallbox, "two charge points can't command one wallbox"),
        ("meter", meter, "energy would be billed twice"),
    ):
        owner: dict[str, str] = {}
        for key, charge_point in tables(document, "charge_points"):
            first = owner.setdefault(name_of(key, charge_point), key)
            if first != key:
                name = as_written(name_of(key, charge_point))
                yield Finding(("charge_points", key, what), f"{name} belongs to charge_points.{first} already, and {why}; write another")
    for csms in table(document, "csms"):
        taken: dict[str, str] = {}
        for key, charge_point in _of(document, csms):
            first = taken.setdefault(identity(key, charge_point), key)
            if first != key:
                name = as_written(identity(key, charge_point))
                yield Finding(
                    ("charge_points", key, "identity"),
                    f"{name} is charge_points.{first} at {csms} already; write the identity that the central system gave to this one",
                )


def _of(document: Document, csms: str) -> Iterator[tuple[str, Document]]:
    """The charge points of a central system."""
    for key, charge_point in tables(document, "charge_points"):
        if charge_point.get("csms") == csms:
            yield key, charge_point


def _links(document: Document) -> Iterator[Finding]:
    """Every charge point needs a URL of its own."""
    every = [identity(key, charge_point) for key, charge_point in tables(document, "charge_points")]
    for csms, values in tables(document, "csms"):
        url = values.get("url")
        if url is None:
            continue
        if "ca_file" in values and url.startswith("ws:"):
            yield Finding(("csms", csms, "ca_file"), "is for wss:// only; write wss:// in the url, or leave it out")
        wrong: dict[str, list[str]] = defaultdict(list)
        for key, charge_point in _of(document, csms):
            name = identity(key, charge_point)
            # a broken identity is not the URL's fault
            if not any(True for _ in _identity(key, charge_point)):
                wrong[_refused(url, name, every)].append(key)
        # also without charge points the URL has to be one
        wrong = wrong or {_refused(url, "identity", ()): []}
        for text, keys in wrong.items():
            if text:
                users = f" (for charge_points.{', '.join(keys)})" if keys and len(wrong) > 1 else ""
                yield Finding(("csms", csms, "url"), text + users)
    for key, charge_point in tables(document, "charge_points"):
        yield from _identity(key, charge_point)


def _refused(url: str, name: str, every: Iterable[str]) -> str:
    """Why no link can have this URL; empty where one can."""
    try:
        station_url(url, name, identities=every)
    except ValueError as error:
        return str(error)
    return ""


def _identity(key: str, charge_point: Document) -> Iterator[Finding]:
    try:
        check_identity(identity(key, charge_point), basic_auth="password_file" in charge_point or "password_env" in charge_point)
    except ValueError as error:
        yield Finding(("charge_points", key, "identity"), str(error))


def _variables(document: Document) -> Iterator[Finding]:
    for key in table(document, "charge_points"):
        try:
            settings(document, key)
        except ValueError as error:
            yield from (Finding(("charge_points", key, "variables"), line) for line in str(error).splitlines())


def _users(document: Document) -> Iterator[Finding]:
    spoken = {one for _, values in tables(document, "csms") for one in protocols(values)} or {"ocpp2.0.1"}
    longest = max(TAG_LENGTH_MAX[protocol] for protocol in spoken)
    for key, user in tables(document, "users"):
        local = user.get("local", "none")
        if isinstance(local, str) and local not in {"none", "all"}:
            name = as_written(local)
            yield Finding(("users", key, "local"), f'{name} can\'t be used; write "none", "all" or a list of charge points, as [{name}]')
        tag = user.get("ocpp_tag")
        if tag is not None and len(tag) > longest:
            yield Finding(("users", key, "ocpp_tag"), f"has {len(tag)} characters; the central system's protocol allows {longest}")
        if tag is not None and not tag_key(tag):
            yield Finding(("users", key, "ocpp_tag"), "has neither letter nor digit; write the tag as the central system's portal shows it")
        if tag is None and "ocpp_tag_type" in user:
            yield Finding(("users", key, "ocpp_tag_type"), "says nothing without ocpp_tag; write that as well")
        for index, uid in enumerate(user.get("nfc", ())):
            if not tag_key(uid):
                yield Finding(("users", key, "nfc", index), 'has neither letter nor digit; write the UID in quotes, for example "04A2B3C4"')


def _readers(document: Document) -> Iterator[Finding]:
    used = {reader for key, charge_point in tables(document, "charge_points") for reader in readers(key, charge_point)}
    for key in table(document, "readers"):
        if key not in used:
            yield Finding(("readers", key), f"no charge point has this reader; name it in the readers of one, or {did_you_mean(key, used)}")


def _energy(document: Document) -> Iterator[Finding]:
    energy = table(document, "ems")
    limited = energy.get("on_missing") == "limit"
    if limited and "missing_limit_a" not in energy:
        yield Finding(("ems", "missing_limit_a"), 'is missing with on_missing = "limit"; write missing_limit_a = 6')
    if not limited and "missing_limit_a" in energy:
        yield Finding(("ems", "missing_limit_a"), 'is used with on_missing = "limit" only; write that as well, or leave it out')


def _broker(document: Document) -> Iterator[Finding]:
    mqtt = table(document, "mqtt")
    if "ca_file" in mqtt and mqtt.get("tls") is not True:
        yield Finding(("mqtt", "ca_file"), "is used with tls only; write tls = true, or leave it out")
    for key in ("password_file", "password_env"):
        if key in mqtt and "user" not in mqtt:
            yield Finding(("mqtt", "user"), f"is missing beside {key}; write user = " + '"evbridge"')


def _doubles(document: Document) -> Iterator[Finding]:
    """Design.md §2 "Identity": the first wins."""
    for what in ("nfc", "ocpp_tag"):
        first: dict[str, str] = {}
        for key, user in tables(document, "users"):
            written = user.get(what, [])
            for text in [written] if isinstance(written, str) else written:
                owner = first.setdefault(tag_key(text), key)
                if owner != key:
                    yield Finding(
                        ("users", key, what), f"{mask(text)} belongs to users.{owner} already, who keeps it; give each tag to one user"
                    )


def _idle(document: Document) -> Iterator[Finding]:
    for csms in table(document, "csms"):
        if not any(True for _ in _of(document, csms)):
            yield Finding(("csms", csms), f"no charge point uses it; write csms = {as_written(csms)} in one")
    for key, user in tables(document, "users"):
        if "ocpp_tag" not in user and user.get("local", "none") in ("none", []):
            path = key_path(("users", key))
            yield Finding(("users", key), f'can charge nowhere; write ocpp_tag = "…" or local = "all" in [{path}]')
    for key, charge_point in tables(document, "charge_points"):
        for unused in ("password_file", "password_env", "variables"):
            if "csms" not in charge_point and unused in charge_point:
                yield Finding(("charge_points", key, unused), "is not used without a central system; write csms as well, or leave it out")
