# SPDX-License-Identifier: Apache-2.0
"""Neutron's resources as it writes them: asked for by a caller's own token, or by Nova's."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from keystoneauth1.session import Session
from oslo_config import cfg

from nova_appliance.clients.session import Neighbour
from nova_appliance.common import errors, ids
from nova_appliance.common.context import RequestContext

AT_ONCE = 100
"""Values of one filter in one URL."""
Row = dict[str, Any]
Caller = RequestContext | None


class NetworkRows:
    """Lists and changes of any of Neutron's collections; `plural` is its word in URLs.

    Without a context, as the service user.
    """

    def __init__(self, session: Session, conf: cfg.ConfigOpts) -> None:
        self._neutron = Neighbour(session, conf, "network")

    def list_(self, context: Caller, plural: str, **filters: Any) -> tuple[Row, ...]:
        """Rows that this caller may see, oldest kept as Neutron gives them."""
        return tuple(
            row
            for params in _queries(filters)
            for row in self._neutron.ask("GET", f"/v2.0/{plural}", context, params=params).json()[
                plural.replace("-", "_")
            ]
        )

    def create(self, context: Caller, plural: str, row: Mapping[str, Any]) -> Row:
        """Make one; raises Invalid, NotFound, Conflict, OverQuota."""
        return self._send(context, "POST", f"/v2.0/{plural}", plural, row)

    def change(self, context: Caller, plural: str, row_id: str, row: Mapping[str, Any]) -> Row:
        """Change one; raises NotFound, Invalid, Conflict."""
        return self._send(context, "PUT", f"/v2.0/{plural}/{_safe(row_id)}", plural, row)

    def tag(self, context: Caller, plural: str, row_id: str, tags: Collection[str]) -> None:
        """Have these tags and no others on one."""
        path = f"/v2.0/{plural}/{_safe(row_id)}/tags"
        self._neutron.ask("PUT", path, context, json={"tags": sorted(tags)})

    def join(self, context: Caller, router_id: str, subnet_id: str) -> None:
        """Give a router an interface in a subnet; raises NotFound, Invalid, Conflict."""
        self._interface(context, router_id, "add_router_interface", subnet_id)

    def part(self, context: Caller, router_id: str, subnet_id: str) -> None:
        """Take that interface away; raises NotFound, Conflict."""
        self._interface(context, router_id, "remove_router_interface", subnet_id)

    def add_routes(self, context: Caller, router_id: str, routes: list[Row]) -> None:
        """Give a router static routes besides its own (extraroute-atomic); raises Invalid."""
        self._routes(context, router_id, "add_extraroutes", routes)

    def drop_routes(self, context: Caller, router_id: str, routes: list[Row]) -> None:
        """Take these static routes from a router, those that are there; raises NotFound."""
        self._routes(context, router_id, "remove_extraroutes", routes)

    def remove(self, context: Caller, plural: str, row_id: str) -> None:
        """Delete one; raises NotFound, Conflict."""
        self._neutron.ask("DELETE", f"/v2.0/{plural}/{_safe(row_id)}", context)

    def _send(
        self, context: Caller, method: str, path: str, plural: str, row: Mapping[str, Any]
    ) -> Row:
        one = singular(plural)
        answer: Row = self._neutron.ask(method, path, context, json={one: dict(row)}).json()[one]
        return answer

    def _routes(self, context: Caller, router_id: str, verb: str, routes: list[Row]) -> None:
        path = f"/v2.0/routers/{_safe(router_id)}/{verb}"
        self._neutron.ask("PUT", path, context, json={"router": {"routes": routes}})

    def _interface(self, context: Caller, router_id: str, verb: str, subnet_id: str) -> None:
        path = f"/v2.0/routers/{_safe(router_id)}/{verb}"
        self._neutron.ask("PUT", path, context, json={"subnet_id": subnet_id})


def singular(plural: str) -> str:
    """Neutron's key for one row: security-groups > security_group."""
    return plural.replace("-", "_").removesuffix("s")


def _queries(filters: Mapping[str, Any]) -> Iterator[list[tuple[str, str]]]:
    """Query strings; one list among the filters is asked for in parts."""
    plain = [(k, str(v)) for k, v in filters.items() if not isinstance(v, (list, tuple))]
    lists = [(k, list(v)) for k, v in filters.items() if isinstance(v, (list, tuple))]
    if not lists:
        yield plain
        return
    ((name, values),) = lists
    for at in range(0, len(values), AT_ONCE):
        yield plain + [(name, str(value)) for value in values[at : at + AT_ONCE]]


def _safe(row_id: str) -> str:
    if not ids.is_id(row_id):
        raise errors.NotFound(f"{row_id!r} is not an id of the network service.")
    return row_id
