# SPDX-License-Identifier: Apache-2.0
"""Transactions broken off are done again; connections say no more than needed, and are mended."""

import pytest
import sqlalchemy as sa

from nova_appliance.common import errors
from nova_appliance.db import connections
from nova_appliance.db.connections import Pool
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


@pytest.fixture(params=["sqlite", "mariadb"])
def locks(request, tmp_path):
    """A database with a row that others may read and write."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/locks.db"
    else:
        url = request.getfixturevalue("mariadb").url("locks")
    database = Database(url)
    METADATA.create_all(database.engine)
    with database.write() as conn:
        conn.execute(sa.insert(PROJECT_LOCKS).values(project_id="p1", turn=1))
    yield database
    database.dispose()


def turn(conn):
    return conn.execute(sa.select(PROJECT_LOCKS.c.turn).where(ROW)).scalar_one()


def set_turn(conn, value):
    conn.execute(sa.update(PROJECT_LOCKS).where(ROW).values(turn=value))


def test_a_look_sees_what_others_have_committed_and_a_read_sees_one_moment(locks):
    with locks.look() as looking, locks.read() as reading:
        assert turn(looking) == turn(reading) == 1
        with locks.write() as other:
            set_turn(other, 2)
        assert (turn(looking), turn(reading)) == (2, 1)
    with locks.read() as reading:
        assert turn(reading) == 2


def break_off(database):
    with database.write() as conn:
        set_turn(conn, 3)
        raise ZeroDivisionError


def test_a_write_that_fails_leaves_nothing_after_a_look_without_a_question(locks):
    """The connection that a look gave back, unused or used, opens transactions again."""
    for use in (False, True):
        with locks.look() as conn:
            if use:
                turn(conn)
        with pytest.raises(ZeroDivisionError):
            break_off(locks)
        with locks.look() as conn:
            assert turn(conn) == 1


def questions(mariadb, work):
    """How many statements and commands the server heard of meanwhile."""
    with mariadb.connect() as conn, conn.cursor() as cursor:

        def heard():
            cursor.execute(
                "SELECT variable_name, variable_value FROM information_schema.global_status "
                "WHERE variable_name IN ('QUESTIONS', 'COM_ROLLBACK', 'COM_ADMIN_COMMANDS')"
            )
            return {name: int(value) for name, value in cursor.fetchall()}

        before = heard()
        work()
        after = heard()
    return {name: after[name] - before[name] for name in after}


def test_a_look_costs_one_question(mariadb):
    database = Database(mariadb.url("quiet"))
    METADATA.create_all(database.engine)

    def look_ten_times():
        for _ in range(10):
            with database.look() as conn:
                conn.execute(sa.select(PROJECT_LOCKS)).all()

    look_ten_times()
    heard = questions(mariadb, look_ten_times)
    assert heard["COM_ROLLBACK"] == heard["COM_ADMIN_COMMANDS"] == 0
    assert heard["QUESTIONS"] <= 11  # and the one that counts
    database.dispose()


def test_a_connection_that_rested_is_mended_before_it_is_used(mariadb, monkeypatch):
    """As after a restart of the server, or its wait_timeout."""
    monkeypatch.setattr(connections, "RESTED_S", 0.0)
    database = Database(mariadb.url("mended"))
    with database.look() as conn:
        mine = conn.execute(sa.text("SELECT CONNECTION_ID()")).scalar_one()
    with mariadb.connect() as other, other.cursor() as cursor:
        cursor.execute(f"KILL {mine}")
    with database.look() as conn:
        assert conn.execute(sa.text("SELECT CONNECTION_ID()")).scalar_one() != mine
    database.dispose()


def test_a_connection_that_broke_just_now_costs_one_answer(mariadb, monkeypatch):
    monkeypatch.setattr(connections, "RESTED_S", 60.0)
    database = Database(mariadb.url("broken"))
    with database.look() as conn:
        mine = conn.execute(sa.text("SELECT CONNECTION_ID()")).scalar_one()
    with mariadb.connect() as other, other.cursor() as cursor:
        cursor.execute(f"KILL {mine}")
    with pytest.raises(errors.Unavailable), database.look() as conn:
        conn.execute(sa.text("SELECT 1"))
    with database.look() as conn:
        assert conn.execute(sa.text("SELECT 1")).scalar_one() == 1
    database.dispose()


def test_a_process_opens_no_more_connections_than_it_may(mariadb):
    database = Database(mariadb.url("few"), Pool(max_pool_size=2, pool_timeout_s=0))
    with database.look() as one, database.look() as two:
        assert answer_of(one) == answer_of(two) == 1
        with pytest.raises(errors.Unavailable), database.look():
            pass
    database.dispose()


def answer_of(conn):
    return conn.execute(sa.text("SELECT 1")).scalar_one()
