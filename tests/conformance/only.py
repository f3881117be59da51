"""Only the tests of one case: what breakage.py runs.

    EVBRIDGE_CONFORMANCE_CASE="1.6 TC_003_CS" python -m pytest -p tests.conformance.only tests/conformance/test_start.py

The exit status is 1 where a test of the case failed by itself, and another one where something failed before it or after it.
"""

import os

import pytest

CASE = "EVBRIDGE_CONFORMANCE_CASE"


class Only:
    """Leaves out all other tests, and remembers what failed by itself."""

    def __init__(self, case: str) -> None:
        self._case = case
        self._failed = False

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep what is marked with the case."""
        kept = [item for item in items if any(mark.args[0] == self._case for mark in item.iter_markers("requirement"))]
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = kept

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A failure in a fixture says nothing of the case."""
        self._failed |= report.failed and report.when == "call"

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell them apart."""
        if session.exitstatus == pytest.ExitCode.TESTS_FAILED and not self._failed:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR


def pytest_configure(config: pytest.Config) -> None:
    """Once for the run."""
    config.pluginmanager.register(Only(os.environ[CASE]), "only")
