"""What dashboards see of a charge point."""

from decimal import Decimal

import pytest

from bridge.core.settings import Settings
from bridge.core.values import Authority, IdTag, LimitBy, Mode, Status
from tests.core.world import BEN, CARL, DORA, ROAMER, TEN_O_CLOCK_MS, Bench, charging, ready

QUIET = Settings(sample_interval_s=0)
PRICE = Decimal("0.30")


def test_an_idle_charge_point() -> None:
    bench = ready(price_per_kwh=PRICE, mode=Mode.PRIO)
    view = bench.view
    assert (view.status, view.online, view.mode) == (Status.AVAILABLE, True, Mode.PRIO)
    assert {view.authority, view.user, view.energy_wh, view.cost, view.session} == {None}
    assert (view.power_w, view.price) == (0.0, PRICE)
    assert (view.limit_w, view.limit_by) == (11040.0, LimitBy.HARDWARE)
    bench.backend_goes()
    assert not bench.view.online


@pytest.mark.requirement("B11")
@pytest.mark.parametrize("shown, price, cost", [(False, None, None), (True, PRICE, Decimal("0.015"))])
def test_a_session_of_the_backend_hides_prices_unless_they_are_wanted(shown: bool, price: Decimal | None, cost: Decimal | None) -> None:
    bench = charging(BEN, settings=QUIET, price_per_kwh=PRICE, show_backend_prices=shown)
    bench.takes_record(backend_id="7")
    bench.meters(1050)
    view = bench.view
    assert (view.authority, view.user, view.energy_wh, view.price, view.cost) == (Authority.OCPP, "Ben", 50, price, cost)
    assert view.session is not None
    assert (view.session.tag, view.session.start_wh, view.session.started_ms) == (IdTag(text="BEN-1"), 1000, TEN_O_CLOCK_MS)
    assert (view.session.backend_id, view.session.energy_wh, view.session.mode) == ("7", 50, Mode.ECO)


@pytest.mark.requirement("B11")
def test_a_local_session_shows_what_it_costs() -> None:
    bench = charging(CARL, settings=QUIET, price_per_kwh=PRICE)
    bench.meters(1100)
    view = bench.view
    assert (view.authority, view.user, view.energy_wh, view.price, view.cost) == (Authority.LOCAL, "Carl", 100, PRICE, Decimal("0.030"))
    assert view.session is not None
    assert (view.session.tag, view.session.backend_id) == (None, None)


@pytest.mark.parametrize("person, user", [(ROAMER, None), (DORA, None)])
def test_a_card_that_belongs_to_nobody_here_has_no_name(person: object, user: str | None) -> None:
    del person
    assert charging(ROAMER).view.user == user


@pytest.mark.requirement("B6")
def test_the_part_that_decided_the_limit_is_visible() -> None:
    bench = charging()
    bench.energy(limit_w=6900.0)
    assert (bench.view.limit_w, bench.view.limit_by) == (6900.0, LimitBy.EMS)
    bench.energy(allow=False)
    assert (bench.view.limit_w, bench.view.limit_by) == (0.0, LimitBy.EMS)


def test_energy_is_what_the_meter_says_and_else_the_last_durable() -> None:
    bench = charging(settings=QUIET)
    bench.meters(1020)
    bench.passes(60)
    bench.meters(1060)
    assert bench.view.energy_wh == 60
    bench.restarts()
    assert bench.view.energy_wh == 20


def test_a_meter_that_never_spoke_shows_no_power() -> None:
    assert Bench().view.power_w is None


def test_a_replaced_meter_does_not_turn_energy_negative() -> None:
    bench = charging(settings=QUIET)
    bench.passes(60)
    bench.restarts()
    bench.meters(3)
    assert bench.view.energy_wh == 0
