"""The closing lines of `make conformance`: counted from what really passed in this run, with one process or several.

    python -m pytest -p tests.conformance.closing tests/conformance

A case has passed when all its tests were run and have passed; one that failed is missing. The exit status tells whether a case is missing
that is not on the committed list of those that still are.
"""

import pytest

from tests.conformance import ledger

PROPERTY = "requirement"


class Closing:
    """Collects the results of one run."""

    def __init__(self) -> None:
        self._passed: set[str] = set()
        self._failed: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Told in the main process, wherever the test ran."""
        named = {str(value) for name, value in report.user_properties if name == PROPERTY}
        if report.when == "call" and report.passed:
            self._passed |= named
        elif not report.passed:  # skipped counts as failed: the case has not been shown
            self._failed |= named

    @property
    def shown(self) -> frozenset[str]:
        """The cases that passed."""
        return frozenset(self._passed - self._failed)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """A case that got lost is a failure, even if nobody tested it."""
        lost = set(ledger.missing(self.shown)) - set(ledger.committed(ledger.MISSING))
        if lost and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_unconfigure(self) -> None:
        """The last words."""
        for version in ledger.VERSIONS:
            print(ledger.closing_line(version, self.shown))


def pytest_configure(config: pytest.Config) -> None:
    """In the main process only: others have nothing to say."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Closing(), "closing")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test's report says which cases it is about."""
    for item in items:
        item.user_properties += [(PROPERTY, mark.args[0]) for mark in item.iter_markers("requirement")]
