"""The real bridge records, and what it has recorded comes out the same again."""

import gzip
import json
from pathlib import Path

from tests.journeys.house import ADA, CARD, STRANGER, USERS, house
from tests.peers.broker import Mosquitto

SECRET = "hunter2-hunter2-hunter2"
CANARY = "04CA11AB1E0001"


def recorded(folder: Path) -> bytes:
    """Everything in the files of its only tape."""
    (tape,) = folder.glob("**/*.db.tape")
    return b"".join(gzip.decompress(segment.read_bytes()) for segment in sorted(tape.iterdir()))


async def test_a_day_at_a_house_can_be_played_again(tmp_path: Path, broker: Mosquitto, protocol: str) -> None:
    """After a restart, too: every decision is shown again, and no tag, no name and no secret is in it."""
    password = tmp_path / "password"
    password.write_text(SECRET)
    password.chmod(0o600)
    users = {**USERS, "cana-ry": {"name": "Canary Bird", "nfc": [CANARY], "local": "all"}}
    points = {"garage": {"password_file": "password"}}
    async with house(tmp_path, broker, charge_points=points, users=users, protocol=protocol) as home, home.garage() as garage:
        await garage.box.tap(STRANGER)
        await garage.charges(CARD)
        await garage.box.draw(1000)
        await garage.box.unplug()
        await garage.ends("EVDisconnected")
        await home.process.restart()
        await garage.box.plug()
        await garage.box.tap(CANARY)
        await garage.box.draw(600)
        await garage.box.unplug()
        await home.sessions(2)
        await garage.box.tap(ADA)
        await garage.settle()
        decided = await home.process.history("--decisions")
        await home.process.stop()
        status, text, errors = await home.process.command("replay", "--json")
    assert (status, errors) == (0, "")
    told = [row for row in map(json.loads, text.splitlines()) if row["kind"] == "decision"]
    assert [(row["ts"], row["reason"], row["authority"]) for row in told] == [
        (one["ts"], one["reason"], one["authority"]) for one in decided
    ]
    assert all(one["tag_ref"].startswith(row["tag_ref"]) for row, one in zip(told, decided, strict=True))
    for secret in (CARD, STRANGER, CANARY, ADA, "ADA-1", "Ada", "cana-ry", "Canary", SECRET):
        assert secret.encode() not in recorded(tmp_path), secret


async def test_nothing_is_recorded_where_nothing_shall_be(tmp_path: Path, broker: Mosquitto) -> None:
    async with house(tmp_path, broker, tape={"size_mb": 0}) as home:
        await home.process.stop()
        status, _, errors = await home.process.command("replay")
    assert status == 3
    assert "evbridge.db.tape can't be read: No such file" in errors
