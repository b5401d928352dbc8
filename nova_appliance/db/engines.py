# SPDX-License-Identifier: Apache-2.0
"""Opens databases: one engine a URL, transactions as context managers, retries on deadlock.

Transactions are opened by actions, sagas, scheduler and conductor; queries take a connection.
"""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.common import clock, errors
from nova_appliance.db import connections

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

    def __init__(self, url: str, pool: connections.Pool = connections.POOL) -> None:
        self.url = url
        self.is_sqlite = url.startswith("sqlite")
        self.engine = connections.make_engine(url, pool)
        # The last connection that closes a SQLite file folds its log, so one stays open.
        self._keeper = self.engine.raw_connection() if self.is_sqlite else None

    @contextlib.contextmanager
    def look(self) -> Iterator[sa.Connection]:
        """A connection for one query: it costs the database one question and no transaction.

        Several queries may each see what others have written in between; they must not write.
        """
        with _reachable(), self.engine.connect() as connection:
            connections.begin_nothing(connection)
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection for queries that see one moment; it is rolled back at the end."""
        with _reachable(), self.engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction: committed at the end, rolled back on any exception."""
        with _reachable(), self.engine.connect() as connection:
            if self.is_sqlite:
                connections.begin_at_once(connection)
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

    def __init__(
        self,
        api_url: str,
        api_pool: connections.Pool = connections.POOL,
        pool: connections.Pool = connections.POOL,
    ) -> None:
        self._lock = threading.Lock()
        self._pool = pool
        self.api = Database(api_url, api_pool)
        self._by_url: dict[str, Database] = {api_url: self.api}

    def at(self, url: str) -> Database:
        """The database behind `url`."""
        with self._lock:
            if url not in self._by_url:
                self._by_url[url] = Database(url, self._pool)
            return self._by_url[url]

    def dispose(self) -> None:
        """Close all engines."""
        for database in self._by_url.values():
            database.dispose()


def _may_go_again(error: Exception) -> bool:
    # A deadlock takes savepoints along, so that to go back to one fails: oslo.db keeps why that was to be.
    cause = getattr(error, "cause", None)
    if isinstance(cause, Exception) and _may_go_again(cause):
        return True
    inner = getattr(error, "inner_exception", None)
    arguments = getattr(getattr(inner, "orig", inner), "args", ())
    return isinstance(error, _BUSY) or arguments[:1] == (_CHANGED_SINCE_READ,)


@contextlib.contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (db_errors.DBConnectionError, db_errors.DBNonExistentDatabase) as error:
        raise errors.Unavailable("The database does not answer.") from error
    except sa.exc.TimeoutError as error:
        raise errors.Unavailable("Too many wait for the database; try again.") from error
