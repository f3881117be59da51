"""What requests for files have in common."""

import pytest

from bridge.core.orders import LogKind
from bridge.ocpp.transfers import RETRIES, RETRIES_MAX, RETRY_S, RETRY_S_MAX, file_name, retries, retry_s
from tests.ocpp.worlds import asked


@pytest.mark.parametrize("told, meant", [(None, RETRIES), (0, 0), (-1, 0), (3, 3), (2**63, RETRIES_MAX)])
def test_how_often_it_is_tried_again(told: int | None, meant: int) -> None:
    assert retries(told) == meant


@pytest.mark.parametrize("told, meant", [(None, RETRY_S), (0, 0), (-1, 0), (30, 30), (2**63, RETRY_S_MAX)])
def test_how_long_it_waits_before_that(told: int | None, meant: int) -> None:
    assert retry_s(told) == meant


@pytest.mark.parametrize("kind, what", [(LogKind.DIAGNOSTICS, "diagnostics"), (LogKind.SECURITY, "security")])
def test_a_file_is_called_after_whose_it_is_what_it_is_and_when(kind: LogKind, what: str) -> None:
    """Each of a thousand charge points uploads to the same directory."""
    assert file_name(asked(), kind) == f"carport-{what}-20261122T104510Z.tar.gz"
