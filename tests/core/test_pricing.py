"""What a local session costs (B11)."""

from decimal import Decimal

import pytest

from bridge.core.pricing import cost_so_far, price_now
from bridge.core.settings import Settings
from bridge.core.state import LocalSession
from tests.core.world import CARL, Bench, charging, ready

QUIET = Settings(sample_interval_s=0)


@pytest.mark.requirement("B11")
@pytest.mark.parametrize(
    "configured, here, everywhere, price",
    [
        (None, None, None, None),
        ("0.30", None, None, "0.30"),
        ("0.30", None, 0.25, "0.25"),
        ("0.30", 0.2, 0.25, "0.2"),
        (None, 0.2, None, "0.2"),
        ("0.30", 0.0, None, "0.0"),
    ],
)
def test_the_price_said_to_this_charge_point_then_to_all_then_configured(
    configured: str | None, here: float | None, everywhere: float | None, price: str | None
) -> None:
    bench = ready(price_per_kwh=None if configured is None else Decimal(configured))
    if everywhere is not None:
        bench.price(everywhere, everywhere=True)
    if here is not None:
        bench.price(here)
    assert price_now(bench.state) == (None if price is None else Decimal(price))
    bench.price(None)
    bench.price(None, everywhere=True)
    assert price_now(bench.state) == (None if configured is None else Decimal(configured))


def _cost(bench: Bench) -> Decimal:
    bench.unplugs()
    bench.passes(5)
    return bench.finished[-1].cost


@pytest.mark.requirement("B11")
def test_the_cost_is_summed_over_the_intervals_between_prices() -> None:
    bench = charging(CARL, settings=QUIET, price_per_kwh=Decimal("0.30"))
    bench.meters(1100)
    bench.price(0.1)
    bench.passes(60)
    bench.meters(1200)
    bench.price(0.5)
    bench.price(0.5)
    bench.passes(60)
    bench.meters(1300)
    assert _cost(bench) == Decimal("0.030") + Decimal("0.010") + Decimal("0.050")
    assert bench.finished[0].price_per_kwh == Decimal("0.5")


def test_the_text_of_a_price_counts_not_its_binary_value() -> None:
    bench = charging(CARL, settings=QUIET)
    bench.price(0.1)
    bench.meters(1100)
    assert _cost(bench) == Decimal("0.01")


def test_a_price_that_comes_late_counts_from_then_on() -> None:
    bench = charging(CARL, settings=QUIET)
    bench.meters(1100)
    bench.price(1.0)
    bench.passes(60)
    bench.meters(1150)
    assert _cost(bench) == Decimal("0.05")


def test_without_a_price_there_is_no_cost() -> None:
    bench = charging(CARL, settings=QUIET)
    bench.meters(1100)
    assert _cost(bench) == 0
    assert bench.finished[0].price_per_kwh is None


def test_a_price_taken_back_leaves_what_it_has_cost() -> None:
    bench = charging(CARL, settings=QUIET)
    bench.price(1.0)
    bench.meters(1050)
    bench.price(None)
    bench.passes(60)
    bench.meters(1100)
    assert _cost(bench) == Decimal("0.05")


def test_a_price_is_kept_across_a_restart() -> None:
    bench = ready()
    bench.price(0.4)
    bench.restarts()
    assert price_now(bench.state) == Decimal("0.4")


def test_after_a_crash_nobody_pays_for_more_than_was_recorded() -> None:
    """The price changed and the next register was never written: cost and energy of the old session end at one register."""
    bench = charging(CARL, settings=QUIET, price_per_kwh=Decimal("1.0"))
    bench.meters(1050)
    bench.price(2.0)
    bench.passes(10)
    bench.meters(1090)
    bench.restarts()
    bench.synchronises()
    bench.unplugs()
    entry = bench.finished[0]
    assert (entry.energy_wh, entry.cost) == (50, Decimal("0.05"))


def test_a_price_told_between_a_crash_and_its_recovery_is_the_next_sessions() -> None:
    bench = charging(CARL, settings=QUIET, price_per_kwh=Decimal("1.0"))
    bench.meters(1050)
    bench.passes(60)
    bench.restarts()
    bench.synchronises()
    bench.price(2.0)
    bench.plugs()
    bench.meters(1080)
    assert [(entry.energy_wh, entry.cost) for entry in bench.finished] == [(50, Decimal("0.05"))]
    assert isinstance(bench.session, LocalSession)
    assert bench.session.price_per_kwh == Decimal("2.0")


@pytest.mark.parametrize("ends", [True, False])
def test_prices_of_others_and_of_the_past_change_no_session(ends: bool) -> None:
    """The backend's sessions have none; one that is ending has its own."""
    bench = charging(CARL, settings=QUIET, price_per_kwh=Decimal("1.0")) if ends else charging(settings=QUIET)
    bench.meters(1050)
    bench.unplugs()
    bench.price(5.0)
    bench.passes(5)
    assert bench.finished[0].cost == (Decimal("0.05") if ends else 0)


def test_a_register_before_the_last_price_costs_nothing_less() -> None:
    bench = charging(CARL, settings=QUIET, price_per_kwh=Decimal("1.0"))
    assert isinstance(bench.session, LocalSession)
    assert cost_so_far(bench.session, 0) == 0
