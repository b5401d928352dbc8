# SPDX-License-Identifier: Apache-2.0
"""Names that one process at a time may bear; a process that dies, however, lets go of its name.

MariaDB ties the lock to a connection; beside a SQLite file the system ties it to an open file.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.db.engines import Database


class NameLock:
    """A name that is ours until `release`, or until the database server forgets us."""

    def __init__(
        self, connection: sa.Connection | None = None, file: IO[Any] | None = None
    ) -> None:
        self._connection, self._file = connection, file

    def keep(self) -> None:
        """Say a word from time to time: servers hang up on connections that are silent for hours."""
        if self._connection is not None:
            with contextlib.suppress(db_errors.DBError, sa.exc.SQLAlchemyError):
                self._connection.execute(sa.text("SELECT 1"))

    def release(self) -> None:
        """Let go of the name."""
        if self._file is not None:
            self._file.close()
        if self._connection is not None:
            # closed for good: back in its pool it would hold the name on
            with contextlib.suppress(db_errors.DBError, sa.exc.SQLAlchemyError):
                self._connection.invalidate()
                self._connection.close()


def hold(database: Database, name: str) -> NameLock | None:
    """Take the name; None while another process (or another part of this one) has it."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:40]
    if database.is_sqlite:
        return _hold_file(database, digest)
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()
    with contextlib.suppress(db_errors.DBError):
        if connection.execute(sa.text("SELECT GET_LOCK(:name, 0)"), {"name": digest}).scalar():
            return NameLock(connection=connection)
    connection.close()
    return None


def _hold_file(database: Database, digest: str) -> NameLock | None:
    path = database.engine.url.database
    if not path or path == ":memory:":
        return NameLock()
    file = Path(f"{path}.{digest[:12]}.lock").open("ab")  # noqa: SIM115 - it is held by being open
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return NameLock(file=file)
