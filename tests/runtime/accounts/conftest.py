import pytest
from ledger_cases import NOW

from tool_runtime.accounts.sqlite_ledger import Ledger


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "tools" / "ledger.sqlite3"


@pytest.fixture
def ledger(path):
    made = Ledger(path, now_ms=lambda: NOW)
    yield made
    made.close()
