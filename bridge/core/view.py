"""What dashboards see of a charge point: scalars, and the running session as one object."""

from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from bridge.core.energy import Allowance, allowance, amperes_to_watts, session_mode
from bridge.core.pricing import cost_so_far, price_now
from bridge.core.state import BackendSession, LocalSession, NoSession, State
from bridge.core.status import status
from bridge.core.values import Authority, IdTag, LimitBy, Mode, SessionId, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """The running session."""

    id: SessionId
    authority: Authority
    user: str | None
    tag: IdTag | None
    started_ms: int
    start_wh: int
    energy_wh: int
    price: Decimal | None
    cost: Decimal | None
    """None where the backend bills (B11)."""
    backend_id: str | None
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One charge point as it is shown."""

    status: Status
    online: bool
    authority: Authority | None
    user: str | None
    mode: Mode
    energy_wh: int | None
    """Of the running session."""
    power_w: float | None
    limit_w: float
    limit_by: LimitBy
    price: Decimal | None
    cost: Decimal | None
    session: SessionView | None


def view(state: State) -> View:
    """Derived anew whenever something changed."""
    left: Allowance = allowance(state)
    session = _session_view(state)
    return View(
        status=status(state),
        online=state.backend_online,
        authority=None if session is None else session.authority,
        user=None if session is None else session.user,
        mode=session_mode(state),
        energy_wh=None if session is None else session.energy_wh,
        power_w=state.meter.power_w,
        limit_w=round(amperes_to_watts(left.limit_a, state), 1) if left.allowed else 0.0,
        limit_by=left.by,
        price=price_now(state) if session is None else session.price,
        cost=None if session is None else session.cost,
        session=session,
    )


def _session_view(state: State) -> SessionView | None:
    match state.kept.session:
        case NoSession():
            return None
        case LocalSession() as session:
            register_wh = _register_wh(state, session)
            return SessionView(
                id=session.id,
                authority=Authority.LOCAL,
                user=session.person.name or session.person.user,
                tag=session.person.tag,
                started_ms=session.started_ms,
                start_wh=session.begin.register_wh,
                energy_wh=register_wh - session.begin.register_wh,
                price=session.price_per_kwh,
                cost=cost_so_far(session, register_wh),
                backend_id=None,
                mode=session.mode,
            )
        case BackendSession() as session:
            shown = state.rules.show_backend_prices
            energy_wh = _register_wh(state, session) - session.begin.register_wh
            price = price_now(state) if shown else None
            return SessionView(
                id=session.id,
                authority=Authority.OCPP,
                user=session.person.name or session.person.user,
                tag=session.tag,
                started_ms=session.started_ms,
                start_wh=session.begin.register_wh,
                energy_wh=energy_wh,
                price=price,
                cost=None if price is None else price * energy_wh / 1000,
                backend_id=session.backend_id,
                mode=session.mode,
            )
        case _:
            assert_never(state.kept.session)


def _register_wh(state: State, session: BackendSession | LocalSession) -> int:
    known_wh = state.meter.register_wh
    return session.last.register_wh if known_wh is None else max(known_wh, session.last.register_wh)
