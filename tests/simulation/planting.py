"""Bugs that are planted in the bridge: in memory, by an import hook, so that the source on the disk stays as it is.

What plants must not have imported what it plants into; whoever hunts does so in a process of its own (`tests.simulation.mutants`).
"""

import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("mutants.toml")
HOURS = 1.5
"""Of life, as in `make sim`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What stands in the source, once, and what is put in its place."""

    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One planted bug."""

    name: str
    file: str
    """From the root of the repository."""
    breaks: str
    """The promise to the user that is broken."""
    edits: tuple[Edit, ...]
    shows: str = ""
    """What stands in a violation that it causes; for those that others might be taken for."""
    quick: bool = False
    """`make test` looks for it as well."""

    @property
    def module(self) -> str:
        """As it is imported."""
        return self.file.removesuffix(".py").replace("/", ".")

    @property
    def room(self) -> str:
        """Where it is planted."""
        parts = Path(self.file).parts
        return parts[1] if len(parts) > 2 else parts[1].removesuffix(".py")


def load() -> tuple[Mutant, ...]:
    """All of them."""
    tables = tomllib.loads(TABLE.read_text())["mutant"]
    return tuple(
        Mutant(
            name=table["name"],
            file=table["file"],
            breaks=table["breaks"],
            edits=tuple(Edit(old=edit["old"], new=edit["new"]) for edit in table.get("edits", [table])),
            shows=table.get("shows", ""),
            quick=table.get("quick", False),
        )
        for table in tables
    )


def planted(mutant: Mutant, source: str) -> str:
    """The module with the bug in it. Raises LookupError where the code it changes is no longer there, or there more than once."""
    for edit in mutant.edits:
        if source.count(edit.old) != 1:
            raise LookupError(f"{mutant.name}: {edit.old!r} is in {mutant.file} {source.count(edit.old)} times")
        source = source.replace(edit.old, edit.new)
    return source


def plant(mutant: Mutant) -> None:
    """Whoever imports the module from now on gets the bug."""
    assert mutant.module not in sys.modules, f"{mutant.module} has been imported before the bug was planted"
    sys.meta_path.insert(0, _Finder(mutant))


class _Finder(MetaPathFinder):
    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname != self._mutant.module:
            return None
        file = str(ROOT / self._mutant.file)
        return spec_from_file_location(fullname, file, loader=_Loader(fullname, file, self._mutant))


class _Loader(SourceFileLoader):
    def __init__(self, fullname: str, path: str, mutant: Mutant) -> None:
        super().__init__(fullname, path)
        self._mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        """From the source, past what was compiled of it before."""
        code = compile(planted(self._mutant, Path(self.path).read_text()), self.path, "exec", dont_inherit=True)
        assert isinstance(code, CodeType)
        return code
