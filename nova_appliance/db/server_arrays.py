# SPDX-License-Identifier: Apache-2.0
"""A server's row as one JSON array, made by the database: one column to fetch, one to decode.

Drivers in pure Python cost time per column; a list of a thousand servers has fifty of them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from nova_appliance.db.tables.cell import SERVERS
from nova_appliance.db.tables.columns import JSON_TEXT
from nova_appliance.domain.server import Server

_JSON = frozenset(
    column.name for column in SERVERS.c if column.type is JSON_TEXT and column.name != "user_data"
)


class ServerArray(Server, frozen=True, kw_only=True, array_like=True):
    """A Server that is decoded from an array; made here only, used as a Server everywhere."""


_DECODER = msgspec.json.Decoder(ServerArray)
_MAKE = {
    "sqlite": ("json_quote({0})", " || ", ""),
    "mysql": ("COALESCE(JSON_QUOTE({0}), 'null')", ", ", "CONCAT"),
}
"""Dialect > how it quotes a text, joins texts, and what the joined texts are wrapped in."""


def array_of(cell_id: str, dialect: str) -> sa.ColumnElement[str]:
    """What to SELECT from `servers` for `decode`."""
    return sa.literal_column(_array(cell_id, _known(dialect)), sa.Text)


def decode(rows: Iterable[str]) -> list[Server]:
    """The servers of what the database made."""
    read = _DECODER.decode
    return [read(row) for row in rows]


def _known(dialect: str) -> str:
    return "sqlite" if dialect == "sqlite" else "mysql"


@functools.cache
def _array(cell_id: str, dialect: str) -> str:
    _quote, join, wrap = _MAKE[dialect]
    parts = join.join(
        f"'{',' if number else ''}'{join}{_value(name, cell_id, dialect)}"
        for number, name in enumerate(ServerArray.__struct_fields__)
    )
    return f"{wrap}('['{join}{parts}{join}']')"


def _value(name: str, cell_id: str, dialect: str) -> str:
    if name == "cell_id":
        return f"'\"{cell_id}\"'"
    quote, join, wrap = _MAKE[dialect]
    column = f"servers.{name}"
    kind = SERVERS.c[name].type
    if name == "deleted":
        return f"CASE WHEN {column} > 0 THEN 'true' ELSE 'false' END"
    if isinstance(kind, sa.Boolean):
        return f"CASE WHEN {column} THEN 'true' ELSE 'false' END"
    if isinstance(kind, sa.Integer) or name in _JSON:
        return f"COALESCE({column}, 'null')"
    if isinstance(kind, sa.DateTime):
        whole = join.join(("'\"'", column, "'\"'"))
        return f"COALESCE({wrap}({whole}), 'null')"
    return quote.format(column)
