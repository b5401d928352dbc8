# SPDX-License-Identifier: Apache-2.0
"""Column kinds that all tables share; the same on SQLite and MariaDB."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

UTC_TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
"""Naive UTC with microseconds."""

JSON_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""JSON kept as text: encoded and decoded by msgspec in db/, never by the driver."""

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Growing row number (SQLite grows only INTEGER keys)."""


def row_number() -> sa.Column[int]:
    """Primary key that grows."""
    return sa.Column("row", BIG_ID, primary_key=True, autoincrement=True)


UUID_TEXT = sa.String(36).with_variant(
    mysql.CHAR(36, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
)
"""A UUID as 36 characters of ASCII, so that its index is small."""


def uuid_column(name: str, **options: Any) -> sa.Column[str]:
    """A column of UUIDs."""
    return sa.Column(name, UUID_TEXT, **options)


def text(length: int) -> sa.String:
    """Text that compares by bytes on every database (names differing in case differ)."""
    return sa.String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )
