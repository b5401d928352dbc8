# SPDX-License-Identifier: Apache-2.0
"""Neutron's rows as they are written on the wire: read, made, changed, removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from keystoneauth1.session import Session
from oslo_config import cfg

from nova_appliance.clients.doubt import Doubt
from nova_appliance.clients.session import Neighbour
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext

AT_ONCE = 100
"""Ids in one URL."""
Row = dict[str, Any]


class Neutron:
    """The network service; `kind` is the word for one row, `plural` that of its collection."""

    def __init__(self, session: Session, conf: cfg.ConfigOpts) -> None:
        self._neighbour = Neighbour(session, conf, "network")
        self.doubt = Doubt()
        """Of rows that it was to make."""

    def rows(
        self, plural: str, filters: Row, context: RequestContext | None = None
    ) -> Iterator[Row]:
        """Every row that passes, in as many requests as the longest filter needs."""
        for params in _queries(filters):
            answer = self._neighbour.ask("GET", f"/v2.0/{plural}", context, params=params)
            yield from answer.json()[plural.replace("-", "_")]

    def row(self, kind: str, row_id: str, context: RequestContext | None = None) -> Row:
        """One row; raises NotFound."""
        found: Row = self._neighbour.ask("GET", _path(kind, row_id), context).json()[kind]
        return found

    def make(self, kind: str, body: Row) -> Row:
        """Make a row; raises Invalid, Conflict, OverQuota, NotFound."""
        with self.doubt:
            answer = self._neighbour.ask("POST", f"/v2.0/{kind}s", json={kind: body})
        made: Row = answer.json()[kind]
        return made

    def change(self, kind: str, row_id: str, body: Row) -> Row:
        """Change a row; raises NotFound, Invalid, Conflict."""
        answer = self._neighbour.ask("PUT", _path(kind, row_id), json={kind: body})
        changed: Row = answer.json()[kind]
        return changed

    def topology(self, project_id: str) -> str:
        """Id of the network of a project's own, made now when it has none."""
        path = f"/v2.0/auto-allocated-topology/{project_id}"
        row: Row = self._neighbour.ask("GET", path).json()["auto_allocated_topology"]
        return str(row["id"])

    def remove(self, kind: str, row_id: str) -> None:
        """Delete a row; raises NotFound, Conflict."""
        self._neighbour.ask("DELETE", _path(kind, row_id))


def _path(kind: str, row_id: str) -> str:
    if not ids.is_id(row_id):
        raise errors.NotFound(f"{row_id!r} is not an id of the network service.")
    return f"/v2.0/{kind}s/{row_id}"


def _queries(filters: dict[str, Any]) -> Iterator[list[tuple[str, str]]]:
    """Query strings; a long list is asked for in parts, an empty one is asked for not at all."""
    lists = {k: v for k, v in filters.items() if isinstance(v, (list, tuple))}
    plain = [(k, _text(v)) for k, v in filters.items() if k not in lists]
    if not lists:
        yield plain
        return
    (name, values), *others = sorted(lists.items(), key=lambda item: -len(item[1]))
    plain += [(k, _text(value)) for k, several in others for value in several]
    for at in range(0, len(values), AT_ONCE):
        yield plain + [(name, _text(value)) for value in values[at : at + AT_ONCE]]


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
