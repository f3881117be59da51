"""What a local session costs: the price of the moment, summed over the intervals between its changes (B11)."""

from dataclasses import replace
from decimal import Decimal

from bridge.core.draft import Draft
from bridge.core.energy import is_running
from bridge.core.events import PriceChanged
from bridge.core.readings import keep_register
from bridge.core.state import LocalSession, State

WH_PER_KWH = 1000


def price_now(state: State) -> Decimal | None:
    """The local price per kWh: said to this charge point, else to all, else configured."""
    live = dict(state.kept.prices)
    return live.get(False, live.get(True, state.rules.price_per_kwh))


def cost_so_far(session: LocalSession, register_wh: int) -> Decimal:
    """Up to that register; not rounded."""
    if session.price_per_kwh is None:
        return session.cost
    return session.cost + session.price_per_kwh * max(register_wh - session.priced_wh, 0) / WH_PER_KWH


def price_changed(draft: Draft, event: PriceChanged) -> None:
    """What has been drawn costs the old price, what follows the new one."""
    prices = {everywhere: price for everywhere, price in draft.kept.prices if everywhere is not event.everywhere}
    if event.per_kwh is not None:
        # The text of the float is what was written on the topic; its binary value is not.
        prices[event.everywhere] = Decimal(repr(event.per_kwh))
    draft.kept = replace(draft.kept, prices=tuple(sorted(prices.items())))
    price = price_now(draft.state)
    session = draft.session
    if is_running(session) and isinstance(session, LocalSession) and draft.state.recovery is None and session.price_per_kwh != price:
        # The register up to which the old price is summed is durable with it: after a crash nobody pays for more than was drawn.
        keep_register(draft)
        _reprice(draft, price)


def _reprice(draft: Draft, price: Decimal | None) -> None:
    session = draft.session
    assert isinstance(session, LocalSession), "the caller has looked"
    register_wh = session.last.register_wh
    draft.session = replace(session, cost=cost_so_far(session, register_wh), price_per_kwh=price, priced_wh=register_wh)
