"""What can go wrong because of others. What is our own fault is an assertion and ends the process (house style "Errors")."""


class EvbridgeError(Exception):
    """Base of all errors a user can mend; its text says what to do."""


class ConfigurationRefused(EvbridgeError):
    """The configuration has problems; `problems` lists them all, each with its key path and what to write instead."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        """Keep every problem, in the order of the file."""
        super().__init__("\n".join(problems))
        self.problems = problems


class PayloadRefused(EvbridgeError):
    """A message on a topic breaks its schema."""

    def __init__(self, topic: str, reason: str) -> None:
        """`reason` says what is wrong and what was expected; it never quotes a whole tag."""
        super().__init__(f"{topic}: {reason}")
        self.topic = topic
        self.reason = reason


class CsmsRefused(EvbridgeError):
    """A frame of the central system can't be used; the link goes on, or is closed and tried again."""


class StoreRefused(EvbridgeError):
    """The database can't be opened or written; the text says what to do."""


class StoreDamaged(StoreRefused):
    """What is on the disk is not what was written. No bridge can run on: the next one sets it aside and saves what can be read."""
