"""The conformance ledger: which public certification cases have a test here, and which have a reason instead.

    python -m tests.conformance.ledger          # writes the README's table anew

The list of cases is conformance.json; a test names its case by `@pytest.mark.requirement("1.6 TC_003_CS")`. Only tests of this folder
count: they drive the real bridge between a real broker and an independent central system. Nothing is run or imported to find the marks.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
README = TESTS.parent / "README.md"
CLAIMED = {"1.6": ("Core", "Remote Trigger")}
"""The certification profiles that the bridge claims: SupportedFeatureProfiles, as the list of cases spells them."""
NOT_APPLICABLE: Mapping[str, str] = {
    "1.6 TC_005_3_CS": (
        "the session ends when the vehicle is unplugged, always (design.md B5): StopTransactionOnEVSideDisconnect is read-only true, "
        "and the case is for stations where it can be switched off"
    ),
    "1.6 TC_032_1_CS": "only for stations with back-up power, which the bridge does not have; without it the case is TC_032_2_CS",
}
"""Every case of a claimed profile that has no test, and why."""
BEGIN, END = "<!-- conformance -->\n", "<!-- /conformance -->"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One public certification case for the station side."""

    version: str
    id: str
    profile: str
    name: str

    @property
    def requirement(self) -> str:
        """As a mark names it."""
        return f"{self.version} {self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One profile of the ledger."""

    version: str
    profile: str
    cases: int
    tested: int
    not_applicable: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A test and what it says it shows."""

    requirement: str
    file: Path
    test: str


def cases() -> tuple[Case, ...]:
    """All public cases of both versions, in the order of the list."""
    listed = json.loads((HERE / "conformance.json").read_text(encoding="utf-8"))
    return tuple(Case(version=one["version"], id=one["id"], profile=one["profile"], name=one["name"]) for one in listed)


def claimed() -> tuple[Case, ...]:
    """The cases of the profiles that the bridge claims."""
    return tuple(case for case in cases() if case.profile in CLAIMED.get(case.version, ()))


def marks(folder: Path) -> Iterator[Mark]:
    """The requirement marks of all tests below a folder, read from their source."""
    for file in sorted(folder.rglob("test_*.py")):
        if "node_modules" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for requirement in _requirements(node):
                    yield Mark(requirement=requirement, file=file, test=node.name)


def _requirements(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    """Of its decorators; a row of a table (`pytest.param(..., marks=...)`) may have marks of its own."""
    for decorator in test.decorator_list:
        for node in ast.walk(decorator):
            match node:
                case ast.Call(func=ast.Attribute(attr="requirement"), args=[ast.Constant(value=str(requirement))]):
                    yield requirement
                case _:
                    pass


def tested() -> frozenset[str]:
    """The requirements that a test of this folder shows."""
    return frozenset(mark.requirement for mark in marks(HERE))


def missing(shown: frozenset[str]) -> list[str]:
    """Claimed cases with neither a test nor a reason, each in a line."""
    return [f"{case.requirement} ({case.name})" for case in claimed() if case.requirement not in shown | NOT_APPLICABLE.keys()]


def rows() -> Iterator[Row]:
    """The README's table."""
    shown = tested()
    for version, profiles in CLAIMED.items():
        for profile in profiles:
            found = [case.requirement for case in claimed() if (case.version, case.profile) == (version, profile)]
            yield Row(
                version=version,
                profile=profile,
                cases=len(found),
                tested=len(shown.intersection(found)),
                not_applicable=len(NOT_APPLICABLE.keys() & set(found)),
            )


def table() -> str:
    """As it stands in the README, with the reasons below."""
    lines = ["| OCPP | profile | cases | tested | not applicable |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {row.version} | {row.profile} | {row.cases} | {row.tested} | {row.not_applicable} |" for row in rows()]
    lines += ["", *(f"- {requirement}: {reason}." for requirement, reason in NOT_APPLICABLE.items())]
    return "\n".join(lines) + "\n"


def renewed(readme: str) -> str:
    """The README with this table made anew. Raises ValueError where it has no place."""
    before, *after = readme.split(BEGIN)
    if len(after) != 1 or after[0].count(END) != 1:
        raise ValueError(f"the README must have {BEGIN.strip()} and {END} once, on lines of their own")
    return f"{before}{BEGIN}{table()}{END}{after[0].split(END)[1]}"


if __name__ == "__main__":
    README.write_text(renewed(README.read_text(encoding="utf-8")), encoding="utf-8")
