"""The conformance ledger: which public certification cases have a test here, and which have a reason instead.

    python -m tests.conformance.ledger          # writes the README's table and the list of missing cases anew

The list of cases is conformance.json; a test names its case by `@pytest.mark.requirement("1.6 TC_003_CS")`. Only tests of this folder
count: they drive the real bridge between a real broker and an independent central system. Nothing is run or imported to find the marks;
what really passes is counted by closing.py (`make conformance`).
"""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from pathlib import Path

from tests.conformance import reasons
from tests.conformance.reasons import Reason

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
README = TESTS.parent / "README.md"
DEFERRED = HERE / "deferred.json"
"""The committed list of the security and certificate cases: exactly what the rule in reasons.py yields."""
MISSING = HERE / "missing.json"
"""The committed list of the cases that have neither a test nor a reason yet; it can only shrink."""
BEGIN, END = "<!-- conformance -->\n", "<!-- /conformance -->"
VERSIONS = ("1.6", "2.0.1")


@unique
class Standing(StrEnum):
    """Where a case stands."""

    PASSED = "passed"
    NOT_APPLICABLE = "not applicable"
    DEFERRED = "deferred"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One public certification case for the station side."""

    version: str
    id: str
    profile: str
    name: str
    expect: str

    @property
    def requirement(self) -> str:
        """As a mark names it."""
        return f"{self.version} {self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A test and what it says it shows."""

    requirement: str
    file: Path
    test: str


# --- the cases ----------------------------------------------------------------------------------------------------------------------


def cases() -> tuple[Case, ...]:
    """All public cases of both versions, in the order of the list."""
    listed = json.loads((HERE / "conformance.json").read_text(encoding="utf-8"))
    fields = ("version", "id", "profile", "name", "expect")
    return tuple(Case(**{field: one[field] for field in fields}) for one in listed)


def standing(case: Case, shown: frozenset[str]) -> Standing:
    """Where a case stands if the tests of these requirements pass."""
    if reasons.not_applicable(case) is not None:
        return Standing.NOT_APPLICABLE
    if reasons.deferred(case):
        return Standing.DEFERRED
    return Standing.PASSED if case.requirement in shown else Standing.MISSING


def missing(shown: frozenset[str]) -> list[str]:
    """The cases with neither a test nor a reason, in the order of the list."""
    return [case.requirement for case in cases() if standing(case, shown) is Standing.MISSING]


def closing_line(version: str, shown: frozenset[str]) -> str:
    """What `make conformance` says at the end."""
    found = [standing(case, shown) for case in cases() if case.version == version]
    return f"conformance {version}: " + ", ".join(f"{found.count(one)} {one}" for one in Standing)


def committed(file: Path) -> list[str]:
    """A committed list of requirements."""
    listed: list[str] = json.loads(file.read_text(encoding="utf-8"))
    return listed


# --- the tests ----------------------------------------------------------------------------------------------------------------------


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


# --- the README ---------------------------------------------------------------------------------------------------------------------


def table(shown: frozenset[str]) -> str:
    """As it stands in the README, with the reasons below."""
    lines = ["| OCPP | profile | cases | tested | not applicable | deferred | missing |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for version in VERSIONS:
        of_version = [case for case in cases() if case.version == version]
        for profile in dict.fromkeys(case.profile for case in of_version):
            found = [standing(case, shown) for case in of_version if case.profile == profile]
            lines.append(f"| {version} | {profile} | {len(found)} | " + " | ".join(str(found.count(one)) for one in Standing) + " |")
        found = [standing(case, shown) for case in of_version]
        lines.append(f"| **{version}** | **all** | {len(found)} | " + " | ".join(str(found.count(one)) for one in Standing) + " |")
    return "\n".join([*lines, "", "Not applicable:", "", *_explanations(), "", *_later()]) + "\n"


def _explanations() -> Iterator[str]:
    for reason in Reason:
        told = []
        for case in cases():
            match reasons.not_applicable(case):
                case (found, note) if found is reason:
                    told.append(f"{case.requirement} ({note})" if note else case.requirement)
                case _:
                    pass
        yield f"- {reason.value}: {', '.join(told)}"


def _later() -> Iterator[str]:
    yield "Deferred are the cases of security and certificates: " + ", ".join(
        case.requirement for case in cases() if standing(case, frozenset()) is Standing.DEFERRED
    )


def renewed(readme: str, shown: frozenset[str]) -> str:
    """The README with this table made anew. Raises ValueError where it has no place."""
    before, *after = readme.split(BEGIN)
    if len(after) != 1 or after[0].count(END) != 1:
        raise ValueError(f"the README must have {BEGIN.strip()} and {END} once, on lines of their own")
    return f"{before}{BEGIN}{table(shown)}{END}{after[0].split(END)[1]}"


def shrunk(listed: list[str], shown: frozenset[str]) -> list[str]:
    """The list of missing cases anew. Raises ValueError where it would grow."""
    now = missing(shown)
    if grown := [requirement for requirement in now if requirement not in listed]:
        raise ValueError(f"these cases had a test or a reason: {', '.join(grown)}")
    return now


def main() -> None:
    """Write both."""
    shown = tested()
    MISSING.write_text(json.dumps(shrunk(committed(MISSING), shown), indent=1) + "\n", encoding="utf-8")
    README.write_text(renewed(README.read_text(encoding="utf-8"), shown), encoding="utf-8")


if __name__ == "__main__":
    main()
