# SPDX-License-Identifier: Apache-2.0
"""Rows of the table `servers` as domain.server.Server and back; JSON columns by msgspec."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from nova_appliance.db.tables.cell import SERVERS
from nova_appliance.domain.attachment import Attachment
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.server import Address, Fault, Server, ServerImage

_JSON = {
    "flavor": Flavor,
    "image": ServerImage,
    "metadata": dict[str, str],
    "system_metadata": dict[str, str],
    "tags": tuple[str, ...],
    "addresses": tuple[Address, ...],
    "security_groups": tuple[str, ...],
    "attachments": tuple[Attachment, ...],
    "hints": dict[str, Any],
    "trusted_certs": tuple[str, ...],
    "fault": Fault,
}
"""Field > type of the columns that hold JSON."""

_DECODE: dict[str, Callable[[str], Any]] = {
    name: msgspec.json.Decoder(kind).decode for name, kind in _JSON.items()
}
_ENCODE = msgspec.json.Encoder().encode

FIELDS = tuple(name for name in Server.__struct_fields__ if name != "cell_id")
COLUMNS = tuple(SERVERS.c[name] for name in FIELDS)
"""What to select for `read`, in this order."""

_PLAIN = tuple((i, name) for i, name in enumerate(FIELDS) if name not in {*_JSON, "deleted"})
_NESTED = tuple((i, name, _DECODE[name]) for i, name in enumerate(FIELDS) if name in _JSON)
_DELETED = FIELDS.index("deleted")


def read(row: sa.Row[Any], cell_id: str) -> Server:
    """The server in a row of COLUMNS."""
    values: dict[str, Any] = {name: row[i] for i, name in _PLAIN}
    for i, name, decode in _NESTED:
        text = row[i]
        values[name] = None if text is None else decode(text)
    return Server(cell_id=cell_id, deleted=row[_DELETED] != 0, **values)


def write(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a Server as values for columns."""
    values = dict(fields)
    for name in values.keys() & _JSON.keys():
        value = values[name]
        values[name] = None if value is None else _ENCODE(value).decode()
    return values


def new_row(server: Server) -> dict[str, Any]:
    """All columns of a server that gets its row now; its number comes from the database."""
    fields = {name: getattr(server, name) for name in FIELDS if name not in {"row", "deleted"}}
    image_id = server.image.id if server.image else None
    return write(fields) | {"flavor_id": server.flavor.id, "image_id": image_id, "deleted": 0}
