"""The options of `evbridge demo`."""

import argparse
from collections.abc import Sequence

from bridge.commands.terminal import console
from bridge.demo.broker import BrokerKind
from bridge.demo.story import Options, run

EPILOG = """\
It starts a broker, a small central system, two simulated wallboxes and the real bridge process, all on this machine's
loopback interface, and tells what happens. Nothing is kept.

exit codes:
  0    every Wh is on exactly one bill or recorded gap (without --once also: ended by Ctrl-C)
  1    a scene failed, or the ledgers differ
  3    there is no broker; the message says what to install
  130  interrupted before --once was through

examples:
  evbridge demo
  evbridge demo --once
  evbridge demo --port 1884
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code. Raises EvbridgeError where it can't even begin."""
    parser = argparse.ArgumentParser(
        prog="evbridge demo",
        description="Show the bridge at work, without any hardware.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--once", action="store_true", help="play the story once and end by itself; 0 only if the ledgers agree")
    parser.add_argument(
        "--broker",
        type=BrokerKind,
        choices=list(BrokerKind),
        default=BrokerKind.AUTO,
        help="mosquitto from PATH, or the embedded one (%(default)s: the first that is there)",
    )
    parser.add_argument("--port", type=_port, metavar="PORT", help="of the broker (any free one)")
    given = parser.parse_args(arguments)
    return run(Options(once=given.once, broker=given.broker, port=given.port), console())


def _port(text: str) -> int:
    number = int(text)
    if not 0 < number < 65536:  # noqa: PLR2004 - the ports there are
        raise ValueError
    return number
