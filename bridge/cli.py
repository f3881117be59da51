"""The command line: which words there are. What they do stands in `bridge.commands`, which is imported word by word."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

from bridge import __version__
from bridge.errors import ConfigurationRefused, EvbridgeError

DONE, PROBLEM, USAGE, UNAVAILABLE, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit codes; see EPILOG."""

EPILOG = """\
exit codes:
  0    done
  1    a problem was found: in the configuration, in the schemas, in the books (audit, demo), in a replay
  2    wrong usage
  3    something outside does not work: the database, a file, the broker
  130  interrupted (Ctrl-C)

environment:
  EVBRIDGE_CONFIG                       the configuration file, where --config is not given
  EVBRIDGE_MQTT_PASSWORD                the password at the broker
  EVBRIDGE_CHARGE_POINT_<ID>_PASSWORD   the Basic-auth password of a charge point (capital letters, _ for -)
  NO_COLOR                              no colours, whatever the terminal
"""

CONFIGURATION = "evbridge.toml"
Command: TypeAlias = Callable[[argparse.Namespace], int]
"""Returns an exit code."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["demo"]:
        # the demo has options of its own
        return _guarded(_demo, argparse.Namespace(arguments=given[1:]))
    options = parser().parse_args(given)
    command: Command = options.command
    return _guarded(command, options)


def _guarded(command: Command, options: argparse.Namespace) -> int:
    """Errors a user can mend are sentences, not tracebacks."""
    try:
        return command(options)
    except ConfigurationRefused as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        print(_count(len(error.problems), "problem"), file=sys.stderr)
        return PROBLEM
    except EvbridgeError as error:
        print(error, file=sys.stderr)
        return UNAVAILABLE
    except BrokenPipeError:
        # `evbridge history | head`: whoever read has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def parser() -> argparse.ArgumentParser:
    """All words and options."""
    top = argparse.ArgumentParser(
        prog="evbridge",
        description="OCPP for any wallbox that speaks MQTT.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"evbridge {__version__}")
    words = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _run_words(words)
    _look_words(words)
    _work_words(words)
    return top


Words: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (argparse gives it no public name)


def _word(words: Words, name: str, command: Command, about: str, examples: str) -> argparse.ArgumentParser:
    word = words.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog="examples:\n" + "\n".join(f"  {line}" for line in examples.splitlines()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    word.set_defaults(command=command)
    return word


def _with_configuration(word: argparse.ArgumentParser) -> None:
    default = os.environ.get("EVBRIDGE_CONFIG", CONFIGURATION)
    word.add_argument("--config", "-c", type=Path, default=Path(default), metavar="FILE", help="the configuration (%(default)s)")


def _with_charge_point(word: argparse.ArgumentParser) -> None:
    word.add_argument("--charge-point", metavar="ID", help="only of this one")


def _run_words(words: Words) -> None:
    run = _word(words, "run", _run, "run the bridge until it is told to stop", "evbridge run --config /etc/evbridge/evbridge.toml")
    _with_configuration(run)
    run.add_argument("--log-level", choices=("error", "warning", "info", "debug"), help="instead of the configuration's")
    check = _word(
        words,
        "check",
        _check,
        "check the configuration, all of it at once, without starting anything",
        "evbridge check\nevbridge check --config /etc/evbridge/evbridge.toml",
    )
    _with_configuration(check)
    start = _word(
        words, "init", _init, "write a commented configuration to start from", "evbridge init\nevbridge init /etc/evbridge/evbridge.toml"
    )
    start.add_argument("file", type=Path, nargs="?", default=Path(CONFIGURATION), metavar="FILE", help="where to (%(default)s)")
    start.add_argument("--force", action="store_true", help="even if there is such a file")
    words.add_parser("demo", add_help=False, help="show the bridge at work, without any hardware (demo --once ends by itself)")


def _look_words(words: Words) -> None:
    history = _word(
        words,
        "history",
        _history,
        "show finished sessions, or every decision",
        "evbridge history --since 2026-01-01\nevbridge history --csv > sessions.csv\nevbridge history --decisions --limit 20",
    )
    _with_configuration(history)
    _with_charge_point(history)
    history.add_argument("--decisions", action="store_true", help="every decision instead, refusals included")
    history.add_argument(
        "--since", metavar="TIME", help="a day or a time, as 2026-01-31 or 2026-01-31T12:00 (local time where none is told)"
    )
    history.add_argument("--limit", type=_positive, metavar="N", help="only the newest N")
    form = history.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--csv", action="store_true", help="comma-separated values with a heading")
    replay = _word(
        words,
        "replay",
        _replay,
        "let happen again what was recorded: every decision, every session, and what this version does otherwise",
        "evbridge replay\nevbridge replay evbridge.db.tape --charge-point garage --events\nevbridge replay report.tape",
    )
    _with_configuration(replay)
    _with_charge_point(replay)
    replay.add_argument("tape", type=Path, nargs="?", metavar="FILE", help="a recorded file, or a folder of them (the configuration's)")
    replay.add_argument("--events", action="store_true", help="every event as well")
    replay.add_argument("--json", action="store_true", help="one JSON object a line")
    replay.add_argument("--write", type=Path, metavar="FILE", help="a tape of its own of this, with what this version makes of it")
    _audit_word(words)
    topics = _word(
        words,
        "topics",
        _topics,
        "show what is on the broker, each topic with its meaning, live",
        "evbridge topics\nevbridge topics --once\nevbridge topics --table",
    )
    _with_configuration(topics)
    topics.add_argument("--once", action="store_true", help="what the broker has stored, then end")
    topics.add_argument("--table", action="store_true", help="the contract itself, without a broker")


def _audit_word(words: Words) -> None:
    audit = _word(
        words,
        "audit",
        _audit,
        "compare history and outbox with the central system's transactions and the meters",
        "evbridge audit\nevbridge audit --csms transactions.csv --since 2026-01-01 --until 2026-02-01\n"
        "evbridge audit --meter garage=1000:24500",
    )
    _with_configuration(audit)
    _with_charge_point(audit)
    audit.add_argument("--csms", type=Path, metavar="FILE", help="the central system's list of transactions, CSV or JSON")
    audit.add_argument(
        "--meter",
        action="append",
        default=[],
        metavar="CHARGE_POINT=START_WH:END_WH",
        help="what a meter showed before and after; may be given several times",
    )
    for name, what in (("--since", "sessions that ended then or later"), ("--until", "sessions that ended before")):
        audit.add_argument(name, metavar="TIME", help=f"only {what}: a day or a time, as for history")
    audit.add_argument("--json", action="store_true", help="one JSON object")


def _work_words(words: Words) -> None:
    queue = _word(
        words,
        "queue",
        _queue,
        "show messages that wait for a central system, and those it refused",
        "evbridge queue\nevbridge queue --json\nevbridge queue --replay all\nevbridge queue --drop 3f2a77c01b9d4e58-0000001c",
    )
    _with_configuration(queue)
    _with_charge_point(queue)
    queue.add_argument("--json", action="store_true", help="one JSON object a line")
    work = queue.add_mutually_exclusive_group()
    work.add_argument("--replay", metavar="SESSION", help="try a parked session again, or `all`")
    work.add_argument("--drop", metavar="SESSION", help="give a parked session up, or `all`; asks first")
    queue.add_argument("--yes", action="store_true", help="don't ask")
    schemas = _word(
        words,
        "schemas",
        _schemas,
        "compare what is generated with its source: schemas, AsyncAPI document, tables of the README",
        "evbridge schemas --check\nevbridge schemas --write",
    )
    action = schemas.add_mutually_exclusive_group(required=True)
    action.add_argument("--check", action="store_true", help="say what differs")
    action.add_argument("--write", action="store_true", help="write it anew (in a checkout)")


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


# --- each imports what it needs, so that `--help` answers at once -------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    from bridge.commands.run import run

    return run(options.config, log_level=options.log_level)


def _check(options: argparse.Namespace) -> int:
    from bridge.commands.configuration import check

    return check(options.config)


def _init(options: argparse.Namespace) -> int:
    from bridge.commands.configuration import init

    return init(options.file, force=options.force)


def _history(options: argparse.Namespace) -> int:
    from bridge.commands.history import Form, history

    form = Form.JSON if options.json else Form.CSV if options.csv else Form.TABLE
    return history(options.config, options.charge_point, since=options.since, limit=options.limit, form=form, decisions=options.decisions)


def _replay(options: argparse.Namespace) -> int:
    from bridge.commands.replay import Shown, Wanted, replay, tape_of

    shown = Shown.EVENTS if options.events else Shown.DECISIONS
    wanted = Wanted(charge_point=options.charge_point, shown=shown, as_json=options.json, copy=options.write)
    return replay(tape_of(options.config) if options.tape is None else options.tape, wanted)


def _audit(options: argparse.Namespace) -> int:
    from bridge.commands.audit import Wish, audit

    wish = Wish(
        charge_point=options.charge_point,
        csms=options.csms,
        meters=tuple(options.meter),
        since=options.since,
        until=options.until,
        as_json=options.json,
    )
    return audit(options.config, wish)


def _topics(options: argparse.Namespace) -> int:
    from bridge.commands.topics import table, topics

    return table() if options.table else topics(options.config, once=options.once)


def _queue(options: argparse.Namespace) -> int:
    from bridge.commands.queue import drop, replay, show_queue

    if options.replay:
        return replay(options.config, options.charge_point, options.replay)
    if options.drop:
        return drop(options.config, options.charge_point, options.drop, sure=options.yes)
    return show_queue(options.config, options.charge_point, as_json=options.json)


def _schemas(options: argparse.Namespace) -> int:
    from bridge.commands.schemas import check, write

    return write() if options.write else check()


def _demo(options: argparse.Namespace) -> int:
    from bridge.demo.cli import main as demo

    return demo(options.arguments)
