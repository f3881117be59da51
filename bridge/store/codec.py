"""What is kept, as JSON and back: exact, and tolerant of what a later version of the same schema wrote.

Unions carry the name of their class under "type". Unknown keys are ignored and missing ones take the default of the field, so a
field may be added at any time if it has a default. To rename or remove one, or a class, is a new schema: add a migration.
Every text carries a seal (`seal`), which is verified when it is read.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar

import cattrs
import orjson
from cattrs.strategies import configure_tagged_union

from bridge.core.effects import Decision, HistoryEntry, Record
from bridge.core.state import Kept, Session
from bridge.core.values import TagInfo
from bridge.errors import StoreRefused
from bridge.store.seal import TextDamaged, sealed, unsealed

T = TypeVar("T")

_BY_THE_LIBRARY = " "
"""First character of what orjson can't write: integers beyond 64 bits, and halves of a character. It would read the former wrongly."""


def _setting(value: bool | int | str | list[str], _: object) -> bool | int | str | tuple[str, ...]:  # noqa: FBT001 - cattrs calls by position
    return tuple(value) if isinstance(value, list) else value


def _float(value: float | None, _: object) -> float:
    """JSON has no NaN; where it was written as null and the field can't be unknown, it becomes NaN again."""
    return float("nan") if value is None else float(value)


def _decimal(value: str, _: object) -> Decimal:
    return Decimal(value)


def _read(text: str) -> dict[str, Any]:
    plain = json.loads(text) if text.startswith(_BY_THE_LIBRARY) else orjson.loads(text)
    if not isinstance(plain, dict):
        raise TypeError(plain)
    return plain


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook(float, _float)
    converter.register_structure_hook(bool | int | str | tuple[str, ...], _setting)
    configure_tagged_union(Session, converter, tag_name="type")
    configure_tagged_union(Record, converter, tag_name="type")
    return converter


_CONVERTER: Final = _converter()


def _write(plain: Any) -> str:  # noqa: ANN401 - whatever JSON can carry
    try:
        return orjson.dumps(plain).decode()
    except TypeError:
        return _BY_THE_LIBRARY + json.dumps(plain)


OFFLINE: Final = '"offline":true'
"""In the text of a record that counts as offline already: a quotation mark within a string is escaped, so nothing else reads like it."""


def as_offline(text: str, owner: str) -> str:
    """A record's text that says it was recorded offline. One that can't be read stays: whoever needs it will say so."""
    try:
        return sealed(_write(_read(unsealed(text, owner)) | {"offline": True}), owner)
    except (StoreRefused, ValueError, TypeError):
        return text


class Codec(Generic[T]):
    """JSON of one type (or union), about one charge point. Raises StoreRefused for text that is not of it, or about another one."""

    def __init__(self, form: Any, name: str) -> None:  # noqa: ANN401 - no type describes "a class or a union of classes"
        """`name` is what an error calls it."""
        self._form = form
        self.name = name
        self._unstructure: Callable[[T], Any] = _CONVERTER.get_unstructure_hook(form)
        self._structure: Callable[[Any, Any], T] = _CONVERTER.get_structure_hook(form)

    def encode(self, value: T, owner: str) -> str:
        """Compact JSON and its seal."""
        return sealed(_write(self._unstructure(value)), owner)

    def decode(self, text: str, owner: str) -> T:
        """The value again. Raises TextDamaged, a StoreRefused, where the disk has changed the text."""
        try:
            return self._structure(_read(unsealed(text, owner)), self._form)
        except TextDamaged as error:
            raise TextDamaged(
                f"the database holds {self.name} of {owner} that the disk has changed: "
                "restart evbridge, which sets the database aside and saves what can be read"
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
            raise StoreRefused(
                f"the database holds {self.name} that can't be read ({type(error).__name__}): "
                "move the database aside and report this with the evbridge versions that wrote to it"
            ) from error

    def can_read(self, text: str, owner: str) -> bool:
        """Whether `decode` would."""
        try:
            self.decode(text, owner)
        except StoreRefused:
            return False
        return True


KEPT: Final[Codec[Kept]] = Codec(Kept, "a kept state")
RECORD: Final[Codec[Record]] = Codec(Record, "a record")
HISTORY: Final[Codec[HistoryEntry]] = Codec(HistoryEntry, "a history entry")
DECISION: Final[Codec[Decision]] = Codec(Decision, "a decision")
TAG_INFO: Final[Codec[TagInfo]] = Codec(TagInfo, "a remembered tag")
