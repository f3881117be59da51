"""What people read of the contract: the README's table of topics. Pure."""

from bridge.mqtt.topics import TABLE, Topic


def topics_table() -> str:
    """A Markdown table of all topics, below the root; ends with a newline."""
    lines = ["| topic | direction | retained | QoS | payload | meaning |", "|---|---|---|---|---|---|"]
    lines += [_line(row) for row in TABLE]
    return "\n".join(lines) + "\n"


def _line(row: Topic) -> str:
    payload = f"[{row.schema}](schemas/{row.schema}.schema.json)"
    return f"| `{row.pattern}` | {row.direction} | {'yes' if row.retained else 'no'} | {row.qos} | {payload} | {row.about} |"
