"""How much is kept, for how long, and how hard a stuck disk is tried; every figure with its reason.

The outbox has no limit of its own but the disk: a record is money, so none is thinned out or dropped before it was delivered.
At one sample a minute a charge point that charges day and night writes less than 1 MB a day. When the disk is full, nothing new
starts (`StoreHealth`), and the reserve keeps the ends of what runs storable. History is never pruned: a session is some 600 bytes,
so twenty wallboxes with three sessions a day fill 130 MB in ten years.
"""

SENT_KEPT_DAYS = 30
"""Delivered samples and steps are kept for a month, to answer questions about a bill from what was sent. Starts and stops stay."""

PRUNE_EVERY_MS = 3_600_000
"""Old samples are looked for once an hour: often enough that little comes together, seldom enough to cost nothing."""

PRUNE_CHUNK = 500
"""Rows deleted with one batch: about a millisecond, so that a release never waits for the cleaning."""

TAGS_MAX = 10_000
"""Remembered tags of one charge point: more than the regular guests of any car park. The least recently updated goes first."""

DECISIONS_MAX = 20_000
"""Decisions of one charge point: at thirty taps a day nearly two years; and a hostile reader can't fill the disk (12 MB each)."""

BATCH_MAX = 1_000
"""Changes in one transaction: some 30 ms of work, so that the first of them does not wait for ever for the last."""

RESERVE_BYTES = 4 * 1024 * 1024
"""Disk space held back: several thousand records, more than the ends of every session that can run on one machine.

Policy: the reserve is a file beside the database. When a write finds the disk full the file is deleted and the write tried again at
once; from then on the store is not healthy, so that nothing new starts, but stops, readings and the kept state still find room. The
file is made again as soon as twice its size is free (not once, so that the two do not alternate); then the store is healthy again.
"""

RESERVE_RETRY_S = 5.0
"""How often a missing reserve is tried again: a person who has freed space should see green while still at the machine."""

RETRY_FIRST_S = 0.05
"""First pause after a refused write: a lock held by a backup is gone by then."""

RETRY_MAX_S = 5.0
"""Longest pause after a refused write: the disk is asked often enough that nobody waits long once it is back."""

CLOSE_TRIES = 3
"""Further tries for what could not be written when the store is closed: a service manager kills after ten seconds."""

BUSY_MS = 1_000
"""How long SQLite itself waits for another program's lock, a backup for example, before that counts as a refused write."""

DROPPED = "dropped by the operator"
"""The error of a row that was given up; the only error a delivered row can have."""
