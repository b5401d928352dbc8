# SPDX-License-Identifier: Apache-2.0
"""Opens databases: one engine a URL, transactions as context managers, retries on deadlock.

Transactions are opened by actions, sagas, scheduler and conductor; queries take a connection.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import sqlalchemy as sa
from oslo_db import exception as db_errors
from oslo_db.sqlalchemy import engines as oslo_engines

from nova_appliance.common import clock, errors

T = TypeVar("T")
Connection = sa.Connection
"""What queries take: named here for rooms that know no SQLAlchemy."""

RETRIES = 8
_BUSY = (db_errors.DBDeadlock, db_errors.RetryRequest)
_CHANGED_SINCE_READ = 1020
"""MariaDB's number for a row that another transaction changed after our snapshot was taken; from
11.6 on it says so by itself (innodb_snapshot_isolation)."""


class Database:
    """One database; safe for threads. Raises Unavailable when it cannot be reached."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.engine = _make_engine(url)
        # The last connection that closes a SQLite file folds its log, so one stays open.
        self._keeper = self.engine.raw_connection() if self.is_sqlite else None

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for queries; its transaction is rolled back at the end."""
        with _reachable(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction: committed at the end, rolled back on any exception."""
        with _reachable(), self.engine.connect() as connection:
            if self.is_sqlite:
                # tells oslo.db's own listener to send no plain BEGIN
                connection.info.update(immediate=True, in_transaction=True)
            with connection.begin():
                yield connection

    def transact(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction, again when the database broke it off for a deadlock."""
        for attempt in range(RETRIES):
            try:
                with self.write() as connection:
                    return work(connection)
            except (db_errors.DBError, db_errors.RetryRequest) as error:
                if not _may_go_again(error):
                    raise
                clock.SYSTEM.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 - jitter
        raise errors.Unavailable("The database is too busy; try again.")

    def dispose(self) -> None:
        """Close the pool's connections."""
        if self._keeper is not None:
            self._keeper.close()
        self.engine.dispose()


class Databases:
    """Engines by URL, made on first use; one object a process."""

    def __init__(self, api_url: str) -> None:
        self._lock = threading.Lock()
        self._by_url: dict[str, Database] = {}
        self.api = self.at(api_url)

    def at(self, url: str) -> Database:
        """The database behind `url`."""
        with self._lock:
            if url not in self._by_url:
                self._by_url[url] = Database(url)
            return self._by_url[url]

    def dispose(self) -> None:
        """Close all engines."""
        for database in self._by_url.values():
            database.dispose()


def _may_go_again(error: Exception) -> bool:
    inner = getattr(error, "inner_exception", None)
    arguments = getattr(getattr(inner, "orig", inner), "args", ())
    return isinstance(error, _BUSY) or arguments[:1] == (_CHANGED_SINCE_READ,)


@contextlib.contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (db_errors.DBConnectionError, db_errors.DBNonExistentDatabase) as error:
        raise errors.Unavailable("The database does not answer.") from error


def _make_engine(url: str) -> sa.Engine:
    if not url.startswith("sqlite"):
        engine: sa.Engine = oslo_engines.create_engine(
            url,
            max_retries=0,
            max_pool_size=20,
            max_overflow=30,
            connection_recycle_time=1800,
            mysql_sql_mode="TRADITIONAL",
        )
        return engine
    engine = oslo_engines.create_engine(
        url, max_retries=0, sqlite_fk=True, max_pool_size=20, max_overflow=80
    )
    sa.event.listen(engine, "connect", _set_up_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    # oslo.db gives SQLite a pool that opens the file anew for each transaction: 0.5 ms each
    engine.pool = sa.pool.QueuePool(
        engine.pool._creator,  # noqa: SLF001 - as Pool.recreate() does
        pool_size=20,
        max_overflow=80,
        dialect=engine.dialect,
        _dispatch=engine.pool.dispatch,
    )
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    """Writers take the lock at once: an upgrade in mid-transaction would fail as busy."""
    if connection.info.pop("immediate", False):
        connection.connection.cursor().execute("BEGIN IMMEDIATE")
