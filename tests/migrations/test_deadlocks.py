# SPDX-License-Identifier: Apache-2.0
"""Transactions that want the same rows the other way round both end, wherever the database broke one off."""

import threading

import pytest
import sqlalchemy as sa

from nova_appliance.db.engines import Database

ROWS = sa.table("deadlocks", sa.column("id"), sa.column("n"))


@pytest.fixture
def database(mariadb):
    made = Database(mariadb.url("deadlocks"))
    with made.write() as conn:
        conn.execute(sa.text("CREATE TABLE deadlocks (id INTEGER PRIMARY KEY, n INTEGER)"))
        conn.execute(sa.insert(ROWS).values([{"id": 1, "n": 0}, {"id": 2, "n": 0}]))
    yield made
    made.dispose()


class Rival:
    """Adds one to both rows; the second one under a savepoint, as some queries need."""

    def __init__(self, database, meeting, ids):
        self.database, self.meeting, self.ids = database, meeting, ids
        self.attempts, self.failed = 0, []
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        try:
            self.database.transact(self.work)
        except Exception as error:  # noqa: BLE001 - the test shows it
            self.failed.append(error)

    def work(self, conn):
        self.attempts += 1
        self.add(conn, self.ids[0])
        if self.attempts == 1:
            self.meeting.wait(60)
        with conn.begin_nested():
            self.add(conn, self.ids[1])

    def add(self, conn, number):
        conn.execute(sa.update(ROWS).where(ROWS.c.id == number).values(n=ROWS.c.n + 1))


def test_a_deadlock_under_a_savepoint_is_tried_again(database):
    meeting = threading.Barrier(2)
    rivals = [Rival(database, meeting, ids) for ids in ((1, 2), (2, 1))]
    for rival in rivals:
        rival.thread.start()
    for rival in rivals:
        rival.thread.join(60)
    assert [rival.failed for rival in rivals] == [[], []]
    assert sorted(rival.attempts for rival in rivals) == [1, 2], "one was broken off"
    with database.read() as conn:
        assert conn.execute(sa.select(ROWS.c.n)).scalars().all() == [2, 2]
