"""The tape: every event of every charge point and what came of it, so that `evbridge replay` can let it happen again.

Owns the form of a tape, the disguise of people and tags on it, the recorder that writes its files, and the player. May import
`bridge.core` and `bridge.errors`. Never: a decision, a whole tag, a secret, a wait for the disk on the event loop. What was said on the
links, for the log that a central system may ask for, is another thing: `bridge.journal`.
"""
