"""What requests for files have in common in all versions: who may be reached, how often it is tried, what a file is called. Pure."""

from bridge.core.orders import LogKind
from bridge.core.state import State
from bridge.locations import is_allowed
from bridge.ocpp.dialect import Context, Json
from bridge.ocpp.times import as_iso

RETRIES, RETRY_S = 2, 60
"""Where a request leaves it to us (1.6 §6.21, 2.0.1 N01): a server that is being restarted is back by then."""
RETRIES_MAX, RETRY_S_MAX = 20, 86_400
"""More is a mistake, and a job that goes on for ever stands in the way of the next one."""


def may_reach(state: State, url: Json) -> bool:
    """Whether the configuration lists the host (`file_hosts`)."""
    return is_allowed(url, state.rules.file_hosts)


def retries(told: Json) -> int:
    """How often it is tried again."""
    return RETRIES if told is None else min(max(told, 0), RETRIES_MAX)


def retry_s(told: Json) -> int:
    """How long to wait before that."""
    return RETRY_S if told is None else min(max(told, 0), RETRY_S_MAX)


def file_name(context: Context, kind: LogKind) -> str:
    """Whose, what, and when: what an operator finds among a thousand others."""
    when = as_iso(context.stamp["at"].utc_ms).replace("-", "").replace(":", "").partition(".")[0]
    what = "security" if kind is LogKind.SECURITY else "diagnostics"
    return f"{context.state.rules.charge_point}-{what}-{when}Z.tar.gz"
