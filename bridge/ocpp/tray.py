"""What waits to be said on one link beside the records, which wait on the disk: everything here may be lost with the process. Pure.

`bridge.ocpp.delivery` decides whose turn it is.
"""

from collections.abc import Callable
from typing import assert_never

from bridge.core.effects import AnnounceReading, AskAuthorize
from bridge.core.orders import Notice
from bridge.ocpp.dialect import Outgoing
from bridge.ocpp.jobs import Announced, Beat, Boot, Deliver, Job, News, Question, Told, Triggered

ASKS_MAX = 20
"""Taps that wait for one link: more than one driver a second for as long as a question lives are no drivers."""
ERRANDS_MAX = 20
"""Messages the central system triggered and has not received yet; it may trigger again."""
NOTICES_MAX = 100
"""Notices that wait for a central system that is away: more than happens in a week."""
READINGS_MAX = 20
"""Readings outside transactions that wait; the oldest goes first when more come."""


class Tray:
    """One link's. What is taken out is on the wire; only notices outlive the connection."""

    __slots__ = ("_asks", "_errands", "_notices", "_readings", "beat", "boot")

    def __init__(self) -> None:
        """Empty."""
        self.boot: Boot | None = None
        """BootNotification is wanted, whenever it would be due."""
        self.beat = False
        """So is a heartbeat."""
        # short lists: an empty deque takes 760 bytes, and there are four for each charge point
        self._asks: list[Question] = []
        self._errands: list[Outgoing] = []
        self._notices: list[Told] = []
        self._readings: list[AnnounceReading] = []

    # --- in ---------------------------------------------------------------------------------------------------------------------------

    def ask(self, question: Question) -> bool:
        """Take a question; False: too many wait."""
        if len(self._asks) >= ASKS_MAX:
            return False
        self._asks.append(question)
        return True

    def announce(self, effect: AnnounceReading) -> None:
        """Take a reading; the oldest goes when there are too many."""
        if len(self._readings) >= READINGS_MAX:
            self._readings.pop(0)
        self._readings.append(effect)

    def trigger(self, outgoings: tuple[Outgoing, ...]) -> None:
        """The central system asked for these. One that already waits is not sent twice."""
        for outgoing in outgoings:
            if len(self._errands) < ERRANDS_MAX and outgoing not in self._errands:
                self._errands.append(outgoing)

    def follow(self, outgoings: tuple[Outgoing, ...]) -> None:
        """The parts of a report that the central system asked for on this connection."""
        self._errands.extend(outgoings)

    def tell(self, notices: tuple[Told, ...]) -> None:
        """Notices: sent once, in order, on this connection or a later one; the oldest goes when there are too many."""
        self._notices.extend(notices)
        while len(self._notices) > NOTICES_MAX:
            self._notices.pop(0)

    # --- out --------------------------------------------------------------------------------------------------------------------------

    def question(self, now_s: float) -> Question | None:
        """The oldest one that is still worth asking."""
        while self._asks and self._asks[0].until_s <= now_s:
            self._asks.pop(0)
        return self._asks[0] if self._asks else None

    def errand(self) -> Triggered | None:
        """The oldest."""
        return Triggered(self._errands[0]) if self._errands else None

    def notice(self) -> Told | None:
        """The oldest."""
        return self._notices[0] if self._notices else None

    def reading(self) -> Announced | None:
        """The oldest."""
        return Announced(self._readings[0]) if self._readings else None

    def take(self, job: Job) -> None:
        """It has been sent, or turned out to be nothing."""
        match job:
            case Boot():
                self.boot = None
            case Beat():
                self.beat = False
            case Question():
                self._asks.pop(0)
            case Announced():
                self._readings.pop(0)
            case Triggered():
                self._errands.pop(0)
            case Told():
                self._notices.pop(0)
            case News() | Deliver():
                pass
            case _:
                assert_never(job)

    # --- connections ------------------------------------------------------------------------------------------------------------------

    def lost(self, unanswered: Job | None) -> tuple[AskAuthorize, ...]:
        """The connection ended, with this one unanswered: questions die with it and are returned, a notice is told on the next one."""
        open_ = [unanswered] if isinstance(unanswered, Question) else []
        questions = tuple(question.effect for question in open_ + self._asks)
        if isinstance(unanswered, Told):
            self._notices.insert(0, unanswered)
        self.boot, self.beat = None, False
        self._asks.clear()
        self._errands.clear()
        self._readings.clear()
        return questions

    def translate(self, spell: Callable[[Notice], tuple[Told, ...]]) -> None:
        """Another version is spoken from now on: notices are spelled in it."""
        notices: list[Notice] = []
        for told in self._notices:
            # what was spelled in several parts is one, and what follows a registration follows the next one as well
            if told.notice is not None and not (notices and notices[-1] is told.notice):
                notices.append(told.notice)
        self._notices = [told for notice in notices for told in spell(notice)]
