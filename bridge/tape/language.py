"""Events, states and effects as they are on a tape: JSON of plain values, disguised, with a checksum of each part of a state. Pure.

Unions carry the name of their class under "type". What is read was written disguised; it is the same to every decision.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias, get_args, get_origin, get_type_hints
from zlib import crc32

import cattrs
import orjson
from cattrs.gen import make_dict_unstructure_fn, override
from cattrs.strategies import configure_tagged_union

from bridge.core.backend import SettingChangeRequested, SettingsChangeRequested
from bridge.core.effects import AnyEffect, Decision
from bridge.core.events import UNSET, AnyEvent, Unset
from bridge.core.orders import Notice
from bridge.core.settings import Settings
from bridge.core.state import Kept, Pending, Session, State
from bridge.tape.disguise import PLAIN, Disguise, Hide
from bridge.tape.veils import VEILS, Veil

Json: TypeAlias = Any
"""What JSON can say."""
Setting: TypeAlias = bool | int | str | tuple[str, ...]
TIME = "now"
"""The part of a state that is the newest event's own time."""


class Language:
    """One way of writing it."""

    def __init__(self, disguise: Disguise = PLAIN) -> None:
        """What is written is disguised so; for what comes from a tape it has been."""
        converter = _converter(disguise)
        self._event: Callable[[AnyEvent], Json] = converter.get_unstructure_hook(AnyEvent)
        self._effect: Callable[[AnyEffect], Json] = converter.get_unstructure_hook(AnyEffect)
        self._decision: Callable[[Decision], Json] = converter.get_unstructure_hook(Decision)
        self._state: Mapping[str, Callable[[Any], Json]] = {
            name: converter.get_unstructure_hook(form) for name, form in get_type_hints(State).items()
        }

    def event(self, event: AnyEvent) -> Json:
        """Plain values."""
        return self._event(event)

    def state(self, state: State) -> Json:
        """All of it."""
        return {name: write(getattr(state, name)) for name, write in self._state.items()}

    def effect(self, effect: AnyEffect) -> Json:
        """Plain values."""
        return self._effect(effect)

    def decision(self, decision: Decision) -> Json:
        """Plain values."""
        return self._decision(decision)

    def part_sum(self, name: str, value: object) -> int:
        """A checksum of one part of a state."""
        return crc32(as_bytes(self._state[name](value)))

    def effect_sum(self, effect: AnyEffect) -> int:
        """A checksum of it."""
        return crc32(as_bytes(self.effect(effect)))


PARTS: Final = tuple(one.name for one in fields(State) if one.name != TIME)
"""Of a state."""


def forms() -> Mapping[str, int]:
    """A checksum of how each part of a state and each effect is built in this version: sums of what is built otherwise say nothing."""
    hints = get_type_hints(State)
    parts = {name: crc32(_form(hints[name]).encode()) for name in PARTS}
    return parts | {one.__name__: crc32(_form(one).encode()) for one in get_args(AnyEffect)}


def _form(form: Any) -> str:  # noqa: ANN401 - no type describes "a type"
    """A type in full, down to its last field."""
    if isinstance(form, type) and is_dataclass(form):
        return f"{form.__name__}({', '.join(f'{name}: {_form(one)}' for name, one in get_type_hints(form).items())})"
    if get_args(form):
        return f"{get_origin(form)}[{', '.join(map(_form, get_args(form)))}]"
    return str(form)


def as_bytes(plain: Json) -> bytes:
    """Compact JSON."""
    try:
        return orjson.dumps(plain, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        # integers beyond 64 bits, and halves of a character
        return json.dumps(plain, separators=(",", ":")).encode()


def read(form: Any, plain: Json) -> Any:  # noqa: ANN401 - no type describes "a class or a union of classes"
    """A value of a class or union again. Raises ArithmeticError, AttributeError, LookupError, TypeError or ValueError where it is none."""
    return _READING.structure(plain, form)


# --- how ----------------------------------------------------------------------------------------------------------------------------


def _converter(disguise: Disguise) -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    hides: Mapping[Veil, Hide] = {
        Veil.TAG: disguise.tag,
        Veil.USER: disguise.user,
        Veil.TEXT: disguise.text,
        Veil.DROP: lambda _: "",
    }

    def writer(form: type) -> Callable[[Any], Json]:
        veils = VEILS.get(form, {})
        how: dict[str, Any] = {
            one.name: override(
                omit_if_default=one.default is UNSET,
                unstruct_hook=_hider(hides[veils[one.name]]) if one.name in veils else None,
            )
            for one in fields(form)
        }
        return make_dict_unstructure_fn(form, converter, **how)

    def setting(name: str, value: Setting) -> Json:
        veil = VEILS[Settings].get(name)
        return value if veil is None else _hider(hides[veil])(value)

    converter.register_unstructure_hook(Decimal, str)
    converter.register_unstructure_hook_factory(is_dataclass, writer)
    converter.register_unstructure_hook_func(_is_set, sorted)
    for exact in (float, float | None | Unset, str | None | Unset, bool | None | Unset):
        converter.register_structure_hook(exact, _as_written)
    converter.register_structure_hook(tuple[float, ...] | None | Unset, _perhaps_tuple)
    converter.register_structure_hook(tuple[int, float | None] | Unset, _perhaps_tuple)
    converter.register_structure_hook(Setting, _perhaps_tuple)
    converter.register_structure_hook(Decimal, _decimal)
    # in this order: each is made of those before it
    for union in (Session, Pending, Notice):
        configure_tagged_union(union, converter, tag_name="type")
    _write_settings(converter, writer, setting)
    for union in (AnyEvent, AnyEffect):
        configure_tagged_union(union, converter, tag_name="type")
    return converter


def _write_settings(
    converter: cattrs.Converter, writer: Callable[[type], Callable[[Any], Json]], hide: Callable[[str, Setting], Json]
) -> None:
    """What a setting holds is hidden by the setting's name."""
    one, several, kept = writer(SettingChangeRequested), writer(SettingsChangeRequested), writer(Kept)
    converter.register_unstructure_hook(SettingChangeRequested, lambda event: {**one(event), "value": hide(event.name, event.value)})
    converter.register_unstructure_hook(
        SettingsChangeRequested, lambda event: {**several(event), "changes": [(name, hide(name, value)) for name, value in event.changes]}
    )
    converter.register_unstructure_hook(
        Kept, lambda state: {**kept(state), "overrides": {name: hide(name, value) for name, value in state.overrides.items()}}
    )


def _is_set(form: Any) -> bool:  # noqa: ANN401 - no type describes "a type"
    return get_origin(form) is frozenset


def _hider(hide: Hide) -> Callable[[Any], Json]:
    def hidden(value: Any) -> Json:  # noqa: ANN401 - any shape in which a text is kept
        match value:
            case str():
                return hide(value)
            case tuple():
                return [hide(one) for one in value]
            case dict():
                return {name: hide(one) for name, one in value.items()}
            case _:
                return value

    return hidden


def _as_written(value: Json, _: object) -> Json:
    """JSON tells whole numbers from others, and so do prices."""
    return value


def _perhaps_tuple(value: Json, _: object) -> Json:
    return tuple(value) if isinstance(value, list) else value


def _decimal(value: str, _: object) -> Decimal:
    return Decimal(value)


_READING: Final = _converter(PLAIN)
