"""Anything a type allows, field by field: every event, state and effect there is, and those that will be."""

import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any

from hypothesis import strategies as st

from bridge.core.events import Unset
from tests.store.anything import FLOATS, MONEY, TEXTS, WHOLE

FEW = 2


@cache
def any_of(form: Any, texts: st.SearchStrategy[str] = TEXTS) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a type, or a union of types
    """Values of it; every text in them is one of `texts`."""
    plain: Mapping[Any, st.SearchStrategy[Any]] = {
        str: texts,
        int: WHOLE,
        float: FLOATS,
        bool: st.booleans(),
        Decimal: MONEY,
        type(None): st.none(),
        Unset: st.sampled_from(Unset),
    }
    if form in plain:
        return plain[form]
    if isinstance(form, typing.NewType):
        return any_of(form.__supertype__, texts)
    if is_dataclass(form):
        hints = typing.get_type_hints(form)
        return st.deferred(lambda: st.builds(form, **{one.name: any_of(hints[one.name], texts) for one in fields(form)}))  # type: ignore[arg-type]
    if isinstance(form, type) and issubclass(form, Enum):
        return st.sampled_from(form)
    return _any_of_several(typing.get_origin(form), typing.get_args(form), texts)


def _any_of_several(origin: Any, parts: tuple[Any, ...], texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:  # noqa: ANN401
    if origin in {typing.Union, UnionType}:
        return st.one_of(*(any_of(part, texts) for part in parts))
    if origin is tuple and parts[-1] is Ellipsis:
        return st.lists(any_of(parts[0], texts), max_size=FEW).map(tuple)
    if origin is tuple:
        return st.tuples(*(any_of(part, texts) for part in parts))
    if origin is frozenset:
        return st.frozensets(any_of(parts[0], texts))
    assert origin is Mapping, origin
    return st.dictionaries(any_of(parts[0], texts), any_of(parts[1], texts), max_size=FEW)


def places(value: object, kind: str = "") -> Iterator[tuple[str, str]]:
    """Every text in a value, with the field it stands in: (`Person.name`, text)."""
    match value:
        case Enum():
            return
        case str():
            yield kind, value
        case Mapping():
            for key, one in value.items():
                yield from places(key, kind)
                yield from places(one, kind)
        case tuple() | frozenset():
            for one in value:
                yield from places(one, kind)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from places(getattr(value, field.name), f"{type(value).__name__}.{field.name}")
        case _:
            return
