"""What the demo's central system has written down of transactions: the first of the three ledgers. Pure.

A start is recognised by what can't change when it is sent again: charge point, connector, tag, time and register.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class StartKey:
    """The natural key of a transaction."""

    charge_point: str
    connector: int
    tag: str
    timestamp: str
    """As it was sent; compared letter by letter."""
    register_wh: int


@dataclass(slots=True, kw_only=True)
class Transaction:
    """One transaction as the central system knows it."""

    id: int
    key: StartKey
    starts: int = 1
    """How often its start arrived: 1, or more where an answer was lost."""
    stops: int = 0
    samples: int = 0
    end_wh: int | None = None
    ended: str | None = None
    reason: str | None = None

    @property
    def energy_wh(self) -> int | None:
        """What is billed; None while it is open."""
        return None if self.end_wh is None else self.end_wh - self.key.register_wh


@dataclass(slots=True, kw_only=True)
class Book:
    """All transactions, and what fits none."""

    transactions: dict[int, Transaction] = field(default_factory=dict)
    orphans: list[str] = field(default_factory=list)
    """Messages about transactions nobody knows, or about somebody else's."""
    first_id: int = 1001

    def start(self, key: StartKey) -> Transaction:
        """A start arrived. A repetition gets the transaction it began the first time."""
        for known in self.transactions.values():
            if known.key == key:
                known.starts += 1
                return known
        opened = Transaction(id=self.first_id + len(self.transactions), key=key)
        self.transactions[opened.id] = opened
        return opened

    def sample(self, charge_point: str, transaction_id: int) -> None:
        """A reading of a running transaction arrived."""
        known = self._of(charge_point, transaction_id, "a reading")
        if known is not None:
            known.samples += 1

    def stop(self, charge_point: str, transaction_id: int, *, register_wh: int, timestamp: str, reason: str) -> Transaction | None:
        """A stop arrived. The first one counts; one with another register is an orphan. None: nobody knows the transaction."""
        known = self._of(charge_point, transaction_id, "a stop")
        if known is None:
            return None
        known.stops += 1
        if known.end_wh is None:
            known.end_wh, known.ended, known.reason = register_wh, timestamp, reason
        elif known.end_wh != register_wh:
            self.orphans.append(f"{charge_point}: a second stop of transaction {transaction_id} at {register_wh} Wh, not {known.end_wh} Wh")
        return known

    def of(self, charge_point: str) -> list[Transaction]:
        """The transactions of one charge point, in the order in which they arrived."""
        return [known for known in self.transactions.values() if known.key.charge_point == charge_point]

    @property
    def repeated(self) -> int:
        """Starts and stops that arrived more than once: legal, and billed once."""
        return sum(known.starts - 1 + max(0, known.stops - 1) for known in self.transactions.values())

    @property
    def messages(self) -> int:
        """Transaction messages that arrived."""
        return sum(known.starts + known.samples + known.stops for known in self.transactions.values()) + len(self.orphans)

    def _of(self, charge_point: str, transaction_id: int, what: str) -> Transaction | None:
        known = self.transactions.get(transaction_id)
        if known is None or known.key.charge_point != charge_point:
            self.orphans.append(f"{charge_point}: {what} of transaction {transaction_id}, which is not known here")
            return None
        return known
