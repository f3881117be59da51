"""Every store, one after the other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.store.vaults import MemoryVault, SqliteVault, Vault


@pytest.fixture(params=["memory", "memory restarted", "sqlite", "sqlite restarted"])
async def vault(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Vault]:
    """A store of each kind; "restarted": closed and opened again after everything that is written."""
    restless = request.param.endswith("restarted")
    vault = (
        MemoryVault(restless=restless) if request.param.startswith("memory") else SqliteVault(tmp_path / "evbridge.db", restless=restless)
    )
    yield vault
    await vault.store.close()


@pytest.fixture
async def disk(tmp_path: Path) -> AsyncIterator[SqliteVault]:
    """The store on a disk alone."""
    vault = SqliteVault(tmp_path / "evbridge.db")
    yield vault
    await vault.store.close()
