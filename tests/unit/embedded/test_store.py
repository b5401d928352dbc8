# SPDX-License-Identifier: Apache-2.0
"""The file behind a miniature service: all or nothing, from many threads."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from nova_appliance.embedded.store import Store, marks

SCHEMA = "CREATE TABLE IF NOT EXISTS things (id TEXT PRIMARY KEY, count INTEGER NOT NULL)"


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "deep" / "things.db", SCHEMA)
    with store.write() as tx:
        tx.insert("things", {"id": "a", "count": 0})
    return store


def test_rows_come_as_dictionaries(store):
    assert store.one("SELECT * FROM things") == {"id": "a", "count": 0}
    assert store.all(f"SELECT count FROM things WHERE id IN ({marks('ab')})", "a", "b") == [
        {"count": 0}
    ]
    assert store.one("SELECT * FROM things WHERE id = ?", "none") is None


def test_an_error_undoes_the_whole_transaction(store):
    def halfway():
        with store.write() as tx:
            tx.update("things", "a", {"count": 5})
            tx.insert("things", {"id": "a", "count": 1})

    with pytest.raises(sqlite3.IntegrityError):
        halfway()
    assert store.one("SELECT count FROM things") == {"count": 0}
    with store.write() as tx:
        assert tx.insert("things", {"id": "a", "count": 1}, or_="IGNORE") == 0
        assert tx.update("things", "none", {"count": 1}) == 0


def test_threads_take_turns_and_lose_nothing(store):
    def count(_number):
        with store.write() as tx:
            row = tx.one("SELECT count FROM things")
            tx.update("things", "a", {"count": row["count"] + 1})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(200)))
    assert store.one("SELECT count FROM things") == {"count": 200}


def test_kill_9_in_a_transaction_leaves_the_old_state(store, tmp_path):
    path = tmp_path / "deep" / "things.db"
    code = f"""
import os
from pathlib import Path
from nova_appliance.embedded.store import Store
with Store(Path({str(path)!r}), {SCHEMA!r}).write() as tx:
    tx.update("things", "a", {{"count": 9}})
    os.kill(os.getpid(), 9)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert store.one("SELECT count FROM things") == {"count": 0}


def test_the_file_is_only_for_its_owner(store, tmp_path):
    assert (tmp_path / "deep" / "things.db").stat().st_mode & 0o077 == 0
