# SPDX-License-Identifier: Apache-2.0
"""One SQLite file per miniature service: safe between threads, and after kill -9 at any line."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Column = tuple[str, str, str]
"""Table, name and kind of a column that came later than its table: a file made before gets it."""
_HAS = "SELECT name FROM pragma_table_info(?) WHERE name = ?"


class Store:
    """A connection per thread over one file; reads need no lock, writes take turns.

    Dictionary columns are the caller's matter: keep them as JSON text.
    """

    def __init__(self, path: Path, schema: str, later: Sequence[Column] = ()) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()
        path.touch(mode=0o600)
        with contextlib.closing(self._connect()) as connection:
            connection.executescript(f"BEGIN IMMEDIATE;\n{schema};\nCOMMIT;")
        with self.write() as tx:
            for table, column, kind in later:
                if not tx.one(_HAS, table, column):
                    tx.run(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")

    def all(self, sql: str, *values: object) -> list[Row]:
        """Every row of a SELECT."""
        return self._connection().execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row of a SELECT, if there is one."""
        row: Row | None = self._connection().execute(sql, values).fetchone()
        return row

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """One transaction: all of it is kept, or (on any error or a crash) nothing."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield Transaction(connection)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """All reads of this thread inside see one moment; writers are not kept waiting."""
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            yield
        finally:
            connection.execute("COMMIT")

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
        return connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        connection.row_factory = _as_dict
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection


class Transaction:
    """The writing side of a store; names of tables and columns come from our code, never from a request."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, *values: object) -> int:
        """Run one statement; returns how many rows it touched."""
        return self._connection.execute(sql, values).rowcount

    def all(self, sql: str, *values: object) -> list[Row]:
        """Every row of a SELECT, as this transaction sees it."""
        return self._connection.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> Row | None:
        """The first row of a SELECT, as this transaction sees it."""
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def insert(self, table: str, row: Mapping[str, object], *, or_: str = "ABORT") -> int:
        """Add one row; `or_` may be IGNORE or REPLACE. Returns how many rows were added."""
        columns, marks = ", ".join(row), ", ".join("?" * len(row))
        sql = f"INSERT OR {or_} INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608 - names are ours
        return self.run(sql, *row.values())

    def update(self, table: str, row_id: str, changes: Mapping[str, object]) -> int:
        """Change columns of the row whose `id` is `row_id`; returns 1, or 0 when it is gone."""
        sets = ", ".join(f"{column} = ?" for column in changes)
        sql = f"UPDATE {table} SET {sets} WHERE id = ?"  # noqa: S608 - names are ours
        return self.run(sql, *changes.values(), row_id)


def marks(values: Sequence[object]) -> str:
    """`?, ?, ?` for an IN list."""
    return ", ".join("?" * len(values))


def _as_dict(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
