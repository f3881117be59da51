"""Planted bugs, and the law each of them breaks: a law that nothing breaks is deleted (house style "Tests").

    python -m tests.core.mutants            # plants each in a copy of the code and lets the laws find it
    python -m tests.core.mutants 7 12       # only these

Takes some minutes, so `make test` only sees to it that every bug can still be planted (`test_mutants.py`).
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = 600
"""Random lives in which a bug has to show itself; most do in the first ten."""
HUNT = """
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.core.test_laws import Anything, AtWork, Keeps, Told, STEPS
from tests.core.test_profiles_laws import Limited
for machine in (AtWork, Anything, Keeps, Limited, Told): run_state_machine_as_test(machine, settings=settings(max_examples={examples}, stateful_step_count=STEPS, deadline=None, database=None,
    derandomize=True, phases=[Phase.generate], report_multiple_bugs=False, suppress_health_check=list(HealthCheck)))
"""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted bug."""

    law: str
    module: str
    """In bridge/core, without its ending."""
    old: str
    new: str


# fmt: off
# ruff: noqa: E501 - what is planted stands in one line with what it replaces
MUTANTS = (
    Mutant("total: any event in any state", "step", "    deciding.settle_stop_question(draft)\n", ""),
    Mutant("total: any event in any state", "sessions", "        return\n    finish(draft)\n    if is_fresh", "        return\n    if is_fresh"),
    Mutant("energy management is obeyed", "energy", "if source.allow is False or (own_a", "if (own_a"),
    Mutant("energy management is obeyed", "energy", "            limit_a, by = own_a, LimitBy.EMS\n", "            by = LimitBy.EMS\n"),
    Mutant("energy management is obeyed", "energy", "return limit_a + NOISE_A < PAUSE_BELOW_A", "return limit_a < 1"),
    Mutant("nothing is released while faulted", "energy", "elif is_faulted(state.hardware):", "elif False:"),
    Mutant(
        "nothing is released without a running session",
        "energy",
        "return is_running(session) and not",
        "return session.__class__.__name__ != 'NoSession' and not",
    ),
    Mutant("nothing is released to a refused tag", "energy", "    if not is_fresh(state):\n        return True\n", "    return False\n"),
    Mutant("the hardware is told the newest wish", "step", "desired != command(before))", "desired.enabled != command(before).enabled)"),
    Mutant("the hardware is told nothing before the broker is in step", "step", "if after.synchronised and (shown", "if (shown"),
    Mutant("profiles are obeyed", "energy", "if profile_a is None or profile_a >= left.limit_a:", "if profile_a is None or profile_a <= left.limit_a:"),
    Mutant("profiles are obeyed", "energy", "        allowed=not paused,\n", "        allowed=True,\n"),
    Mutant("profiles are obeyed", "schedules", "key=_rank, reverse=True", "key=_rank"),
    Mutant("no profile is blamed for what it did not decide", "energy", "purpose is ProfilePurpose.STATION_MAX)\n", "purpose is not ProfilePurpose.TX)\n"),
    Mutant("profiles are in order", "step", "    profiles.watch_profiles(draft)\n", ""),
    Mutant("profiles are in order", "profiles", "return other.id == by.id or (", "return False and ("),
    Mutant("one decision each", "taps", "origins=(*asking.origins, event.origin)", "origins=asking.origins"),
    Mutant(
        "one decision each",
        "deciding",
        "    if isinstance(pending, Asking):\n        _decide_red(draft, pending, Authority.BRIDGE, Why.NO_SESSION",
        "    if False:\n        _decide_red(draft, pending, Authority.BRIDGE, Why.NO_SESSION",
    ),
    Mutant(
        "one decision each",
        "sessions",
        "    if isinstance(draft.pending, Granted):\n        draft.pending = NotPending()\n    keep",
        "    draft.pending = NotPending()\n    keep",
    ),
    Mutant("one decision each", "deciding", "    draft.pending = NotPending()\n    if asking.stop:", "    if asking.stop:"),
    Mutant(
        "late answers only teach",
        "deciding",
        "awaited = isinstance(asking, Asking) and asking.question == event.question",
        "awaited = isinstance(asking, Asking)",
    ),
    Mutant("an end is an end", "taps", "        end_epoch(draft, Why.STOPPED)\n", ""),
    Mutant("equal is the same object", "step", "if draft.kept is not before.kept and draft.kept == before.kept:", "if False:"),
    Mutant(
        "the core never asks for the past",
        "clockwork",
        "replace(draft.state, sampled_s=due_s + missed_s)",
        "replace(draft.state, sampled_s=due_s - interval_s)",
    ),
    Mutant("an end is an end", "vehicle", "    end_epoch(draft, Why.UNPLUGGED)\n", ""),
    Mutant("an end is an end", "resets", "    end_epoch(draft, Why.UNAVAILABLE)\n", ""),
    Mutant(
        "the core never asks for the past",
        "clockwork",
        "    draft.state = replace(draft.state, aligned_ms=draft.now_ms)\n    if is_sampled",
        "    if is_sampled",
    ),
    Mutant(
        "questions belong to what is there",
        "taps",
        "        case NotPending() if is_running(running):\n            _tap_in_session(draft, event, running)\n",
        "",
    ),
    Mutant("status moves as the field allows", "step", "        draft.state = replace(state, released_s=None)\n", "        pass\n"),
    Mutant(
        "status moves as the field allows",
        "status",
        "    if true is Status.FINISHING and state.ended is not None and not state.ended.finishing:",
        "    if False:",
    ),
    Mutant("status moves as the field allows", "status", "(state.kept.plugged if plugged is None else plugged)", "plugged"),
    Mutant("local sessions are nobody's business", "status", "(LocalSession(), _) | (NoSession()", "(NoSession()"),
    Mutant("local sessions are nobody's business", "deciding", "if asking.person.local and asking.origins:", "if asking.origins:"),
    Mutant("numbers have no gap", "sessions", "sequence=session.sequence + 1", "sequence=session.sequence"),
    Mutant("times never run backwards", "sessions", "utc_ms=_within(session, max(taken.utc_ms, session.last.utc_ms)))", "utc_ms=taken.utc_ms)"),
    Mutant("times never run backwards", "sessions", "ending_ms = max(draft.now_ms, session.last.utc_ms)", "ending_ms = draft.now_ms"),
    Mutant("times never run backwards", "readings", "utc_ms=max(now.utc_ms, session.last.utc_ms))", "utc_ms=now.utc_ms)"),
    Mutant(
        "registers never run backwards",
        "metering",
        "    elif register_wh < meter.register_wh:\n        _ran_back(draft, event, register_wh)\n",
        "",
    ),
    Mutant("energy is conserved", "accounting", "register_wh > kept.accounted_wh:", "register_wh > kept.accounted_wh + 10:"),
    Mutant("energy is conserved", "readings", " or draft.state.recovery is not None:", ":"),
    Mutant("energy is conserved", "sessions", "    account(draft, begin.register_wh, gap=gap, follows=granted.follows)\n", ""),
    Mutant("energy is conserved", "metering", "        settle_gap(draft)\n", ""),
    Mutant(
        "energy is conserved",
        "recovery",
        "    finish_at_last_kept(draft, StopReason.DEAUTHORIZED if refused else gone)\n",
        "    draft.state = replace(draft.state, recovery=None)\n    finish_now(draft, gone)\n",
    ),
    Mutant("energy is conserved, at the end of the day", "accounting", "    return meter.rose_at_s + GAP_SETTLE_S", "    return None"),
    Mutant("energy is conserved, at the end of the day", "recovery", ", rose_at_s=draft.now_s)", ")"),
    Mutant(
        "a second restart adds nothing",
        "recovery",
        "    recovery = Recovery(until_s",
        "    draft.session = replace(session, last=replace(session.last, utc_ms=draft.now_ms))\n    recovery = Recovery(until_s",
    ),
    Mutant(
        "every start has one stop",
        "sessions",
        "        draft.emit(record)\n    else:\n",
        "        if ending.reason is not StopReason.REMOTE:\n            draft.emit(record)\n    else:\n",
    ),
    Mutant(
        "the backend has what the history has", "sessions", "        end_wh=end.register_wh,", "        end_wh=session.last.register_wh,"
    ),
    Mutant(
        "nothing waits for ever",
        "recovery",
        "    return None if recovery.waited else recovery.until_s",
        "    return recovery.until_s if state.now.mono_s < recovery.until_s else None",
    ),
    Mutant("nothing waits for ever", "clockwork", "    (_question_s, _question_due),\n", ""),
    Mutant("nothing waits for ever", "clockwork", "    (_ending_s, finish),\n", ""),
    Mutant("an unplug ends the session", "vehicle", "    close(draft, StopReason.EV_DISCONNECTED)\n", ""),
    Mutant("nobody takes what is reserved", "deciding", "if refusal is None and is_kept_from(draft.state, asking.tag, group):", "if False:"),
    Mutant("a start uses a reservation up", "sessions", "        draft.kept = replace(draft.kept, reservation=None)\n", "        pass\n"),
    Mutant("a list comes with its version", "local_list", "event.version <= state.kept.list_version", "event.version < state.kept.list_version"),
    Mutant("a list comes with its version", "local_list", "        draft.emit(ChangeList(full=event.full, entries=event.entries))\n", ""),
    Mutant("a list comes with its version", "local_list", "    if not state.settings.list_enabled:\n        return Outcome.NOT_SUPPORTED\n", ""),
    Mutant("only what is open is asked", "known", "return settings.ask_backend and not (", "return True or not ("),
    Mutant("only what is open is asked", "known", "settings.list_final if here.listed else settings.cache_final", "False"),
    Mutant("master passes begin nothing", "deciding", "    elif is_master_pass(draft.state, info.group):\n", "    elif False:\n"),
    Mutant("questions belong to what is there", "deciding", "stoppable = isinstance(session, BackendSession) or", "stoppable = True or"),
    Mutant("a rate is told when it is worth it", "rates", " > known.limit_a * float(settings.limit_change_percent) / PERCENT + NOISE_A", " > NOISE_A"),
    Mutant("the backend knows what a vehicle may draw", "rates", "abs(now_a - known.limit_a)", "known.limit_a - now_a"),
    Mutant("a rate is told once a minute", "transaction", "if waits or not", "if not"),
    Mutant("a rate is told where smart charging is on", "rates", "if charges and follows_profiles(state.rules) else", "if charges else"),
)


def planted(mutant: Mutant, source: str) -> str:
    """The module with the bug in it."""
    assert source.count(mutant.old) == 1, f"{mutant.module}: {mutant.old!r} is there {source.count(mutant.old)} times"
    return source.replace(mutant.old, mutant.new)


def is_found(mutant: Mutant, *, examples: int = EXAMPLES) -> str | None:
    """The last line of the failure, or None: the laws see nothing wrong."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "bridge", copy / "bridge", ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "tests").mkdir()
        shutil.copytree(ROOT / "tests" / "core", copy / "tests" / "core", ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "tests" / "__init__.py").touch()
        module = copy / "bridge" / "core" / f"{mutant.module}.py"
        module.write_text(planted(mutant, module.read_text()))
        hunt = [sys.executable, "-c", HUNT.format(examples=examples)]
        done = subprocess.run(hunt, cwd=copy, env=os.environ | {"PYTHONPATH": folder}, capture_output=True, text=True, check=False)
        return None if done.returncode == 0 else _failure(done.stderr)


def _failure(text: str) -> str:
    lines = [line for line in text.splitlines() if "Error" in line]
    return lines[0].strip() if lines else text[-200:]


def main() -> int:
    """Plant them all, or those named; the exit status is how many the laws did not find."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", nargs="*", type=int)
    wanted = parser.parse_args().numbers or range(len(MUTANTS))
    missed = 0
    for number in wanted:
        mutant = MUTANTS[number]
        found = is_found(mutant)
        missed += found is None
        print(f"{number:3} {'found ' if found else 'MISSED'} {mutant.law} ({mutant.module}): {found}", flush=True)
    return missed


if __name__ == "__main__":
    sys.exit(main())
