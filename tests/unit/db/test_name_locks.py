# SPDX-License-Identifier: Apache-2.0
"""A name has one bearer, and is free again when that one has gone, even by kill -9."""

import os
import signal
import subprocess
import sys

import pytest

from nova_appliance.common import clock
from nova_appliance.db import name_locks
from nova_appliance.db.engines import Database

BEAR = """
import sys
from nova_appliance.db import name_locks
from nova_appliance.db.engines import Database
lock = name_locks.hold(Database(sys.argv[1]), "conductor")
print("held" if lock else "refused", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["sqlite", "mariadb"])
def url(request, tmp_path):
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/nova_api.db"
    return request.getfixturevalue("mariadb").url("names")


def test_a_name_is_given_to_one_and_given_back(url):
    database = Database(url)
    first = name_locks.hold(database, "conductor")
    assert first is not None
    assert name_locks.hold(database, "conductor") is None
    other = name_locks.hold(database, "another")
    assert other is not None
    first.keep()
    first.release()
    again = name_locks.hold(database, "conductor")
    assert again is not None
    for lock in (other, again):
        lock.release()
    database.dispose()


def test_the_name_of_a_killed_process_is_free(url):
    database = Database(url)
    bearer = subprocess.Popen(
        [sys.executable, "-c", BEAR, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert bearer.stdout.readline() == "held\n"
    assert name_locks.hold(database, "conductor") is None
    os.kill(bearer.pid, signal.SIGKILL)
    bearer.communicate()
    freed = []
    assert clock.wait_for(
        lambda: freed.append(name_locks.hold(database, "conductor")) or freed[-1], 10, 0.05
    )
    freed[-1].release()
    database.dispose()
