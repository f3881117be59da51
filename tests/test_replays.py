"""What users reported, for ever: every tape in tests/replays is played, and nothing comes out otherwise.

How one gets there stands in the README: see what happened (`evbridge replay report.tape`), mend it, see the difference, and keep the same
events with what comes of them now (`evbridge replay report.tape --charge-point garage --write tests/replays/what-it-was.tape`).
"""

from pathlib import Path

import pytest

from bridge.cli import main

TAPES = sorted((Path(__file__).parent / "replays").glob("*.tape"))


@pytest.mark.parametrize("tape", TAPES, ids=lambda path: path.stem)
def test_what_was_reported_stays_mended(tape: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tape)]) == 0, capsys.readouterr().out


def test_there_are_some() -> None:
    assert TAPES
