# SPDX-License-Identifier: Apache-2.0
"""How connections to a database are made, kept and looked after; for db.engines only.

Nothing is said to the database that it need not hear: no ping before each transaction, no
ROLLBACK where none is open. MariaDB's connections commit by themselves until a BEGIN.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pymysql
import sqlalchemy as sa
from oslo_db.sqlalchemy import engines as oslo_engines
from pymysql.constants.SERVER_STATUS import SERVER_STATUS_AUTOCOMMIT, SERVER_STATUS_IN_TRANS

from nova_appliance.common import clock

RESTED_S = 1.0
"""A connection that lay unused for longer is asked whether it still stands."""
_MARKS = ("plain", "immediate", "in_transaction")
_OPEN = SERVER_STATUS_AUTOCOMMIT | SERVER_STATUS_IN_TRANS


@dataclasses.dataclass(frozen=True)
class Pool:
    """How many connections to one database a process keeps and opens, as oslo.db words it.

    Beyond `max_pool_size` up to `max_overflow` more are opened for the moment; who finds none
    waits `pool_timeout_s` seconds. Older ones than `recycle_s` are replaced.
    """

    max_pool_size: int = 8
    max_overflow: int = 0
    pool_timeout_s: int = 30
    recycle_s: int = 1800


POOL = Pool()
SQLITE = Pool(max_pool_size=20, max_overflow=80)
"""Threads of the cloud in one process; a connection to a file costs nothing but the file."""


class QuietConnection(pymysql.connections.Connection):
    """Sends no ROLLBACK when the server has said that there is nothing to roll back."""

    server_status: int

    def rollback(self) -> None:
        """Roll back, if a transaction may be open."""
        if self.server_status & _OPEN != SERVER_STATUS_AUTOCOMMIT:
            super().rollback()


def make_engine(url: str, pool: Pool) -> sa.Engine:
    """The engine of a URL; `pool` counts for MariaDB."""
    is_sqlite = url.startswith("sqlite")
    pool = SQLITE if is_sqlite else pool
    engine: sa.Engine = oslo_engines.create_engine(
        url,
        max_retries=0,
        sqlite_fk=True,
        mysql_sql_mode="TRADITIONAL",
        connection_recycle_time=pool.recycle_s,
        thread_checkin=False,
    )
    _use_pool(engine, pool)
    sa.event.listen(engine.pool, "checkin", _rest)
    if is_sqlite:
        sa.event.listen(engine, "connect", _set_up_sqlite)
        sa.event.listen(engine, "begin", _begin_sqlite)
    else:
        sa.event.listen(engine, "do_connect", _connect_quietly)
        sa.event.listen(engine, "begin", _begin)
        sa.event.listen(engine.pool, "checkout", _ask_whether_it_stands)
    return engine


def begin_nothing(connection: sa.Connection) -> None:
    """No transaction is begun on this connection until it goes back to its pool."""
    # the second is the word to oslo.db's own listener, which begins those of SQLite
    connection.info.update(plain=True, in_transaction=True)


def begin_at_once(connection: sa.Connection) -> None:
    """SQLite: the next transaction takes the lock of writers, not later when it may be busy."""
    connection.info.update(immediate=True, in_transaction=True)


def _use_pool(engine: sa.Engine, pool: Pool) -> None:
    """A pool as Pool.recreate() makes it, but one that does not ping.

    oslo.db's for SQLite opens the file anew for each transaction, which costs 0.5 ms.
    """
    engine.pool = sa.pool.QueuePool(
        engine.pool._creator,  # noqa: SLF001 - as Pool.recreate() does
        pool_size=pool.max_pool_size,
        max_overflow=pool.max_overflow,
        timeout=pool.pool_timeout_s,
        recycle=pool.recycle_s,
        use_lifo=True,
        dialect=engine.dialect,
        _dispatch=engine.pool.dispatch,
    )


def _connect_quietly(
    _dialect: sa.Dialect, _record: object, args: Any, options: dict[str, Any]
) -> QuietConnection:
    return QuietConnection(*args, **{**options, "autocommit": True})


def _begin(connection: sa.Connection) -> None:
    if "plain" not in connection.info:
        connection.exec_driver_sql("START TRANSACTION")


def _rest(_connection: object, record: sa.pool.ConnectionPoolEntry) -> None:
    for mark in _MARKS:
        record.info.pop(mark, None)
    record.info["rests_since"] = clock.SYSTEM.monotonic()


def _ask_whether_it_stands(
    connection: Any, record: sa.pool.ConnectionPoolEntry, _fairy: object
) -> None:
    """Raises for the pool, which then opens another."""
    if clock.SYSTEM.monotonic() - record.info.get("rests_since", 0.0) > RESTED_S:
        try:
            connection.ping(reconnect=False)
        except pymysql.err.Error as error:
            raise sa.exc.InvalidatePoolError from error


def _set_up_sqlite(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    if connection.info.pop("immediate", False):
        connection.connection.cursor().execute("BEGIN IMMEDIATE")
