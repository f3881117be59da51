"""What a vehicle may draw while it charges, and whether a change of it is worth telling (2.0.1 LimitChangeSignificance)."""

from bridge.core.energy import NOISE_A, command, follows_profiles, is_running
from bridge.core.settings import Settings
from bridge.core.state import Rate, State
from bridge.core.values import ChargingState

TELL_S = 60.0
"""Energy management may change its limit every second: what became of it is told once a minute, as often as readings are by default."""
PERCENT = 100


def rate_a(state: State) -> float | None:
    """Per phase; None: no vehicle charges in a transaction, or smart charging is off and limits are none of the backend's business."""
    transaction = state.kept.transaction
    charges = transaction is not None and transaction.charging is ChargingState.CHARGING and is_running(state.kept.session)
    return command(state).limit_a if charges and follows_profiles(state.rules) else None


def is_significant(known: Rate, now_a: float, settings: Settings) -> bool:
    """Whether it has changed by more than LimitChangeSignificance since the backend last knew it."""
    return abs(now_a - known.limit_a) > known.limit_a * float(settings.limit_change_percent) / PERCENT + NOISE_A


def due_s(state: State) -> float | None:
    """When a change that came too soon after the last one told is to be told (mono); should it have been taken back by then, nothing is."""
    known, now_a = state.rate, rate_a(state)
    if known is None or known.told_s is None or now_a is None or not is_significant(known, now_a, state.settings):
        return None
    return known.told_s + TELL_S
