# SPDX-License-Identifier: Apache-2.0
"""Things of EC2 that no other service keeps: one JSON document each, its name one in its project."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import sqlalchemy as sa
from oslo_db import exception as db_errors

from nova_appliance.db.tables.api import EC2_DOCUMENTS

_C = EC2_DOCUMENTS.c


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One thing; `created_at` is naive UTC."""

    id: str
    project_id: str
    kind: str
    name: str
    body: dict[str, Any]
    created_at: dt.datetime


def add(conn: sa.Connection, new: Document) -> bool:
    """Store it; False when the project has one of that kind and name."""
    values = msgspec.structs.asdict(new) | {"body": _written(new.body)}
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(EC2_DOCUMENTS).values(**values))
    except db_errors.DBDuplicateEntry:
        return False
    return True


def get(conn: sa.Connection, project_id: str, kind: str, document_id: str) -> Document | None:
    """The one with that id, if it is that project's."""
    found = conn.execute(_select(project_id, kind).where(_C.id == document_id))
    return next(map(_read, found.mappings()), None)


def list_(conn: sa.Connection, project_id: str, kind: str, begin: str = "") -> tuple[Document, ...]:
    """Those of a project and kind whose names begin so, oldest first."""
    select = _select(project_id, kind)
    if begin:
        select = select.where(_C.name.startswith(begin, autoescape=True))
    return tuple(map(_read, conn.execute(select.order_by(_C.row)).mappings()))


def change(conn: sa.Connection, old: Document, body: dict[str, Any]) -> bool:
    """Give it another body; False when it is not as it was (or not there) any more."""
    where = (_C.id == old.id, _C.body == _written(old.body))
    return bool(
        conn.execute(sa.update(EC2_DOCUMENTS).where(*where).values(body=_written(body))).rowcount
    )


def remove(conn: sa.Connection, document_id: str) -> bool:
    """Delete it; False when it was not there."""
    return bool(conn.execute(sa.delete(EC2_DOCUMENTS).where(_C.id == document_id)).rowcount)


def _select(project_id: str, kind: str) -> sa.Select[Any]:
    columns = [_C[name] for name in Document.__struct_fields__]
    return sa.select(*columns).where(_C.project_id == project_id, _C.kind == kind)


def _written(body: dict[str, Any]) -> str:
    return msgspec.json.encode(body, order="sorted").decode()


def _read(row: sa.RowMapping) -> Document:
    return Document(**{**row, "body": msgspec.json.decode(row["body"])})
