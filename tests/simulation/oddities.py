"""Storms that are strange rather than rough: peers that say what makes no sense, and people with quick hands."""

import json

from bridge.audit.ledgers import Rebased
from bridge.core.hardware import BATTERY_MAX_WH
from bridge.ocpp import failures
from tests.simulation.central import ACCEPTED, INTERVAL_S
from tests.simulation.hardware import Wallbox
from tests.simulation.house import CARDS
from tests.simulation.sky import End, Sky, Storm

HASTE_S = 0.2
"""Within so short a time quick hands have done everything."""
UNKNOWN_CARDS = 300
"""So many a minute: somebody tries numbers."""
FLOOD = 200
"""Requests of the central system within a second."""
CHANGE_TRIES = 40
"""A meter is not changed under load, nor while nobody has written down what it shows: so often is looked for a better moment."""

# --- the central system -----------------------------------------------------------------------------------------------------------------


def _away_for_days(sky: Sky) -> End:
    """So long that the queue grows (D11)."""
    central = sky.house.central
    sky.struck("away for days")
    over = sky.turned(central.weather, away=(True, False))
    central.drop_all()
    return sky.outage("csms", None, over)


def _short_of_breath(sky: Sky) -> End:
    """It takes no long frames, and says so by hanging up (W10)."""
    return sky.outage("csms", None, sky.turned(sky.house.central.weather, frame_max=(sky.rng.randrange(300, 1000), None)))


def _asks_without_end(sky: Sky) -> None:
    """Two hundred requests in a second, read or not (W12)."""
    central, rng = sky.house.central, sky.rng
    name = rng.choice(list(sky.house.wallboxes))
    if central.version(name) is None:
        return
    sky.struck("flood of requests")
    requests: tuple[tuple[str, dict[str, object]], ...] = (
        ("GetLocalListVersion", {}),
        ("ClearCache", {}),
        ("TriggerMessage", {"requestedMessage": "Heartbeat"}),
        ("TriggerMessage", {"requestedMessage": "MeterValues"}),
    )
    for _ in range(FLOOD):
        sky.house.world.after(rng.uniform(0.0, 1.0), central.ask_anyway, name, *rng.choice(requests))


def _silly_registration(sky: Sky) -> End:
    """Intervals and times that nobody can mean (W13)."""
    central, rng = sky.house.central, sky.rng
    weather = central.weather
    weather.current_time = rng.choice((None, "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "soon"))
    weather.boot_status = rng.choice((ACCEPTED, ACCEPTED, "Pending", "Rejected"))
    # whoever is not registered keeps away for as long as it is told: up to a day, which no season lasts
    weather.interval = rng.choice((0, -1, 1, 10**9) if weather.boot_status == ACCEPTED else (0, -1, 1))
    central.register_anew()

    def over() -> None:
        weather.interval, weather.current_time, weather.boot_status = INTERVAL_S, None, ACCEPTED
        central.register_anew()

    return sky.outage("csms", None, over)


def _odd_names(sky: Sky) -> End:
    """Transactions are called 0, -1, or what is no number at all (W7)."""
    return sky.outage("csms", None, sky.turned(sky.house.central.weather, odd_names=(sky.rng.uniform(0.3, 1.0), 0.0)))


def _boot_in_1970_with_a_queue(sky: Sky) -> End:
    """The central system is away, records wait, and the host comes back without a time (C1)."""
    house, world, weather = sky.house, sky.house.world, sky.house.central.weather
    weather.refusal = failures.of_os_error(ConnectionRefusedError(111, "connection refused"), host="office")
    house.central.drop_all()
    ended = False

    def strike() -> None:
        if not ended:
            sky.struck("boot in 1970 with a queue")
            house.cut(power=True)
            house.step_clock(10_000 - world.host_ms)

    def over() -> None:
        nonlocal ended
        ended = True
        weather.refusal = None
        house.step_clock(-world.host_offset_ms)

    world.after(sky.rng.uniform(60, 600), strike)
    return sky.outage("csms", None, over)


# --- people -----------------------------------------------------------------------------------------------------------------------------


def _quick_hands(sky: Sky) -> None:
    """Taps and plugs in any order within a fifth of a second; in the end the vehicle is where it was (M4, M5)."""
    box, rng, world = sky.box(), sky.rng, sky.house.world
    sky.struck("quick hands")
    card = rng.choice(CARDS)
    moves = [_unplugged, _plugged] if box.plugged else [_plugged, _unplugged]
    times_s = sorted(rng.uniform(0.0, HASTE_S) for _ in moves)
    for move, at_s in zip(moves, times_s, strict=True):
        world.after(at_s, move, box, rng.uniform(100.0, 5000.0))
    for _ in range(rng.randrange(1, 4)):
        other = card if rng.random() < 0.6 else rng.choice(CARDS)
        world.after(rng.uniform(0.0, HASTE_S), sky.house.tap, box.name, other)


def _plugged(box: Wallbox, wants_wh: float) -> None:
    if not box.plugged:
        box.plug(wants_wh)


def _unplugged(box: Wallbox, _wants_wh: float) -> None:
    if box.plugged:
        box.unplug()


def _tries_numbers(sky: Sky) -> None:
    """Somebody holds card after card to a reader (N4)."""
    box, house = sky.box(), sky.house
    sky.struck("unknown cards")
    for number in range(UNKNOWN_CARDS):
        house.world.after(number * 60 / UNKNOWN_CARDS, house.tap, box.name, f"F00D{number:04X}")


# --- meters -----------------------------------------------------------------------------------------------------------------------------


def _replaced(sky: Sky) -> None:
    """Another meter, which has counted less, or nothing yet; or more than any car takes, which becomes a gap (M6)."""
    box, rng = sky.box(), sky.rng
    way = rng.random()
    to_wh = 0 if way < 0.3 else rng.randrange(max(1, box.register_wh)) if way < 0.7 else box.register_wh + rng.randrange(200_000, 2_000_000)
    _try_to_replace(sky, box, to_wh, CHANGE_TRIES)


def _try_to_replace(sky: Sky, box: Wallbox, to_wh: int, tries: int) -> None:
    """Only where everything is written down can anybody say what the old meter was known to show at last."""
    house = sky.house
    if not house.is_written_down(box):
        if tries and not house.finished:
            house.world.after(30.0, _try_to_replace, sky, box, to_wh, tries - 1)
        return
    sky.struck("meter replaced")
    from_wh = box.register_wh
    house.world.note("meter replaced", box.name, from_wh, to_wh)
    if to_wh < from_wh:
        house.happened.append(Rebased(at_ms=house.world.now_ms, charge_point=box.name, from_wh=from_wh, to_wh=to_wh))
    box.replace_meter(to_wh)


def _unit_slips(sky: Sky) -> None:
    """One value that is a thousand times too large or too small (M7); never one that the meter could have come to."""
    box, rng = sky.box(), sky.rng
    if not (box.metered and box.online):
        return
    factor = rng.choice((1000.0, 0.001))
    right_wh = box.register_wh
    wrong = right_wh * factor
    if right_wh <= wrong <= right_wh + BATTERY_MAX_WH:
        return
    sky.struck("unit slipped")
    if box.make.samples:
        box.device.publish(f"evbridge/meter/{box.name}/sample", json.dumps({"energy_wh": wrong}), retain=False)
    else:
        box.device.publish(f"evbridge/meter/{box.name}/energy_wh", f"{wrong:.3f}")
    if wrong < right_wh:
        # there and back again: a session may be split there, and no Wh is anybody's
        for from_wh, to_wh in ((right_wh, int(wrong)), (int(wrong), right_wh)):
            sky.house.happened.append(Rebased(at_ms=sky.house.world.now_ms, charge_point=box.name, from_wh=from_wh, to_wh=to_wh))
    for number in range(1, 5):
        sky.house.world.after(number * 2.0, box.report_meter)


# --- energy management ------------------------------------------------------------------------------------------------------------------


def _senseless_limits(sky: Sky) -> None:
    """Below zero, below what any vehicle takes, or amperes where watts belong (E5)."""
    rng = sky.rng
    sky.struck("senseless limit")
    name = rng.choice(list(sky.house.wallboxes))
    sky.house.manage_by_mistake(name, rng.choice((-5000.0, -0.5, 0.0, 6.0, 16.0, 1379.0, 4139.0)))


ODDITIES: tuple[Storm, ...] = (
    Storm(rows=("D11", "W1"), name="away for days", hours=60, lasts_s=2 * 86_400, begin=_away_for_days),
    Storm(rows=("W10",), name="frame too long", hours=8, lasts_s=900, begin=_short_of_breath),
    Storm(rows=("W12", "H5"), name="flood of requests", hours=4, lasts_s=0, begin=_asks_without_end),
    Storm(rows=("W13",), name="silly registration", hours=8, lasts_s=600, begin=_silly_registration),
    Storm(rows=("W7",), name="odd transaction name", hours=6, lasts_s=900, begin=_odd_names),
    Storm(rows=("C1",), name="boot in 1970 with a queue", hours=16, lasts_s=1500, begin=_boot_in_1970_with_a_queue),
    Storm(rows=("M4", "M5"), name="quick hands", hours=1, lasts_s=0, begin=_quick_hands),
    Storm(rows=("N4",), name="unknown cards", hours=8, lasts_s=0, begin=_tries_numbers),
    Storm(rows=("M6",), name="meter replaced", hours=6, lasts_s=0, begin=_replaced),
    Storm(rows=("M7",), name="unit slipped", hours=6, lasts_s=0, begin=_unit_slips),
    Storm(rows=("E5",), name="senseless limit", hours=3, lasts_s=0, begin=_senseless_limits),
)
