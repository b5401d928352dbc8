# SPDX-License-Identifier: Apache-2.0
"""Queries of console tokens, in the cell of their server; a token itself is never stored."""

from __future__ import annotations

import datetime as dt
import hashlib

import msgspec
import sqlalchemy as sa

from nova_appliance.db.tables.cell import CONSOLE_TOKENS
from nova_appliance.domain.console import ConsoleToken

_COLUMNS = [CONSOLE_TOKENS.c[name] for name in ConsoleToken.__struct_fields__]


def add(conn: sa.Connection, secret: str, token: ConsoleToken) -> None:
    """Note what the bearer of `secret` may have."""
    values = msgspec.structs.asdict(token)
    conn.execute(sa.insert(CONSOLE_TOKENS).values(token_hash=_hash(secret), **values))


def get(conn: sa.Connection, secret: str, now: dt.datetime) -> ConsoleToken | None:
    """What `secret` gives access to; None when nobody knows it or it has ended."""
    select = sa.select(*_COLUMNS).where(
        CONSOLE_TOKENS.c.token_hash == _hash(secret), CONSOLE_TOKENS.c.expires_at > now
    )
    row = conn.execute(select).mappings().one_or_none()
    return ConsoleToken(**row) if row else None


def revoke(conn: sa.Connection, server_id: str) -> int:
    """End all tokens of a server; how many there were. Part of stop, delete and every move."""
    delete = sa.delete(CONSOLE_TOKENS).where(CONSOLE_TOKENS.c.server_id == server_id)
    return int(conn.execute(delete).rowcount)


def sweep(conn: sa.Connection, now: dt.datetime) -> int:
    """Remove the tokens that have ended; how many there were."""
    return int(
        conn.execute(sa.delete(CONSOLE_TOKENS).where(CONSOLE_TOKENS.c.expires_at <= now)).rowcount
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
