"""What people read of the contract."""

from bridge.mqtt.documents import topics_table
from bridge.mqtt.topics import TABLE


def test_the_table_has_a_line_for_every_topic() -> None:
    head, rule, *lines = topics_table().splitlines()
    assert head == "| topic | direction | retained | QoS | payload | meaning |"
    assert rule == "|---|---|---|---|---|---|"
    assert len(lines) == len(TABLE)
    assert (
        "| `nfc/{id}/tap` | in | no | 1 | [tap](schemas/tap.schema.json) | A card was held to the reader. Carries the whole tag. |" in lines
    )
    assert all(line.count("|") == 7 for line in lines)
