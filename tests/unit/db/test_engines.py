# SPDX-License-Identifier: Apache-2.0
"""Transactions that the database breaks off are done again."""

import sqlalchemy as sa

from nova_appliance.db.engines import Database
from nova_appliance.db.tables.api import METADATA, PROJECT_LOCKS

ROW = PROJECT_LOCKS.c.project_id == "p1"


def test_a_row_that_changed_since_the_snapshot_is_read_again(mariadb):
    """With innodb_snapshot_isolation, MariaDB refuses to change what our reads do not show."""
    database = Database(mariadb.url("engines"))
    METADATA.create_all(database.engine)
    with database.write() as conn:
        conn.execute(sa.insert(PROJECT_LOCKS).values(project_id="p1", turn=1))
    tries = []

    def work(conn):
        conn.execute(sa.text("SET innodb_snapshot_isolation=ON"))
        seen = conn.execute(sa.select(PROJECT_LOCKS.c.turn).where(ROW)).scalar_one()
        tries.append(seen)
        if len(tries) == 1:
            with database.write() as other:
                other.execute(sa.update(PROJECT_LOCKS).where(ROW).values(turn=10))
        conn.execute(sa.update(PROJECT_LOCKS).where(ROW).values(turn=seen + 1))

    database.transact(work)
    assert tries == [1, 10]
    with database.read() as conn:
        assert conn.execute(sa.select(PROJECT_LOCKS.c.turn).where(ROW)).scalar_one() == 11
    database.dispose()
