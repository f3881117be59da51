"""`evbridge audit`: is everything on exactly one bill? Compares history and outbox with a central system's list and the meters.

Looks on while the bridge runs. Tags stay where they are: none is printed.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table

from bridge.audit.exports import Exported, read
from bridge.audit.installation import Period, Sight, Sums, look
from bridge.audit.ledgers import Billed, Book, Metered, Row
from bridge.commands.history import known, utc_ms
from bridge.commands.terminal import console, grid, show
from bridge.config import Configuration, load
from bridge.core.state import NoSession
from bridge.core.values import ChargePointId
from bridge.errors import EvbridgeError
from bridge.store.offline import Reader, open_reader
from bridge.store.protocol import RecordState

PASSED, FOUND = 0, 1
"""Exit codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What to look at, as it was written on the command line."""

    charge_point: str | None = None
    csms: Path | None = None
    meters: tuple[str, ...] = ()
    since: str | None = None
    until: str | None = None
    as_json: bool = False


def audit(path: Path, wish: Wish) -> int:
    """Print sums and what is wrong. Raises EvbridgeError where a file, a time or a reading can't be read."""
    configuration = load(path)
    period = Period(
        since_ms=None if wish.since is None else utc_ms(wish.since),
        until_ms=None if wish.until is None else utc_ms(wish.until),
    )
    wanted = list(configuration.charge_points) if wish.charge_point is None else [known(configuration, wish.charge_point)]
    meters = dict(reading(configuration, text) for text in wish.meters)
    billed, foreign = (None, 0) if wish.csms is None else listed(configuration, wish.csms)
    with open_reader(configuration.store) as store:
        book = book_of(store, configuration.charge_points)
    sight = look(book, wanted, billed=billed, meters=meters, period=period)
    notes = list(sight.notes)
    if foreign:
        notes.append(f"{wish.csms}: {foreign} transactions of other stations are left out")
    if wish.as_json:
        print(json.dumps(as_object(sight, notes), ensure_ascii=False))
    else:
        _show(sight, notes, is_listed=billed is not None)
    return FOUND if sight.findings else PASSED


# --- reading ----------------------------------------------------------------------------------------------------------------------


def book_of(store: Reader, charge_points: Iterable[ChargePointId]) -> Book:
    """Everything the bridge has written down."""
    running = {}
    for charge_point in charge_points:
        kept = store.kept(charge_point)
        if kept is not None and not isinstance(kept.session, NoSession):
            running[charge_point] = kept.session
    return Book(
        history=tuple(store.history()),
        rows=tuple(
            Row(
                id=row.id,
                charge_point=row.charge_point,
                state=row.state.value,
                record=row.record,
                attempts=row.attempts,
                rounds=row.rounds,
                backend_id=row.backend_id,
                error=row.error,
            )
            for row in store.rows(states=tuple(RecordState))
        ),
        decisions=tuple(store.decisions()),
        open_sessions=tuple((charge_point, str(session.id)) for charge_point, session in running.items()),
        open_starts_wh={str(session.id): session.begin.register_wh for session in running.values()},
    )


def reading(configuration: Configuration, text: str) -> tuple[ChargePointId, Metered]:
    """`CHARGE_POINT=START_WH:END_WH`. Raises EvbridgeError."""
    name, _, values = text.partition("=")
    start, _, end = values.partition(":")
    try:
        meter = Metered(start_wh=int(start), end_wh=int(end))
    except ValueError as error:
        raise EvbridgeError(f"--meter {text}: expected CHARGE_POINT=START_WH:END_WH, as garage=1000:24500") from error
    return known(configuration, name), meter


def listed(configuration: Configuration, file: Path) -> tuple[list[Billed], int]:
    """The central system's transactions, and how many are of stations that are not ours. Raises EvbridgeError."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EvbridgeError(f"{file} can't be read: {error}") from error
    transactions = read(text, str(file))
    own = {charge_point.identity: name for name, charge_point in configuration.charge_points.items()}
    own |= {str(name): name for name in configuration.charge_points if name not in own}
    if len(configuration.charge_points) > 1 and any(one.station is None for one in transactions):
        raise EvbridgeError(f"{file} doesn't tell the charge point of each transaction, and there are several; add a column charge_point")
    found = []
    for number, one in enumerate(transactions, 1):
        owner = next(iter(configuration.charge_points)) if one.station is None else own.get(one.station)
        if owner is not None:
            found.append(_billed(owner, one, number))
    return found, len(transactions) - len(found)


def _billed(owner: ChargePointId, one: Exported, number: int) -> Billed:
    return Billed(
        charge_point=owner,
        name=one.name or f"transaction {number} of the list",
        start_wh=one.start_wh,
        end_wh=one.stop_wh,
        tag=one.tag,
        started_utc_ms=one.started_utc_ms,
        ended_utc_ms=one.stopped_utc_ms,
    )


# --- writing ----------------------------------------------------------------------------------------------------------------------


def as_object(sight: Sight, notes: Iterable[str]) -> Mapping[str, object]:
    """For programs."""
    return {
        "charge_points": [
            {
                "charge_point": sums.charge_point,
                "central_wh": sums.central_wh,
                "local_wh": sums.local_wh,
                "gap_wh": sums.gap_wh,
                "meter_wh": sums.meter_wh,
                "difference_wh": sums.difference_wh,
            }
            for sums in sight.sums
        ],
        "findings": [{"charge_point": one.charge_point, "rule": one.rule, "text": one.text} for one in sight.findings],
        "notes": list(notes),
    }


def _show(sight: Sight, notes: Iterable[str], *, is_listed: bool) -> None:
    show(sums_table(sight.sums))
    if not is_listed:
        print("without --csms, what the bridge has on its sessions stands for the central system")
    for note in notes:
        print(f"note: {note}")
    for finding in sight.findings:
        print(f"{finding} (rule {finding.rule})")
    if not sight.findings:
        console().print("nothing is missing, nothing is billed twice")


def sums_table(sums: Iterable[Sums]) -> Table:
    """For people: Wh, for a difference of one counts."""
    columns = ("central system", "local", "gaps", "meter", "difference")
    table = grid("charge point", *columns, right=columns)
    for one in sums:
        table.add_row(
            one.charge_point,
            *(f"{number} Wh" for number in (one.central_wh, one.local_wh, one.gap_wh)),
            *("" if number is None else f"{number} Wh" for number in (one.meter_wh, one.difference_wh)),
        )
    return table
