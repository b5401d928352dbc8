# SPDX-License-Identifier: Apache-2.0
"""What is shown with servers but does not stand in their rows: ports, groups, tags, EC2's ids."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from nova_appliance.db import ec2_client_tokens, ec2_tags
from nova_appliance.domain import root_image
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import placement_groups, protection, vpcs
from nova_appliance.ec2.caller import Caller

MOST_BY_ID = 200
Row = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Looked up once for all servers of an answer."""

    ports: dict[str, list[Row]]
    """Server id > its ports as Neutron shows them."""
    groups: dict[str, Row]
    """Id > security group."""
    floating: dict[str, str]
    """Port id > public address."""
    vpcs: dict[str, str]
    """Subnet id > EC2 id of its VPC."""
    tags: dict[str, dict[str, str]]
    """EC2 id > tags that stand in our table."""
    ids: dict[tuple[str, str], str]
    """(prefix, thing) > EC2 id."""
    client_tokens: dict[str, str]
    """Reservation > ClientToken of the call that made it."""
    placement: dict[str, str]
    """Id of a server group > its name."""
    account: str
    domain: str

    def id(self, prefix: str, thing: str) -> str:
        """The EC2 id of something that was looked at."""
        return self.ids[prefix, thing]


def look(caller: Caller, servers: Sequence[Server]) -> Surroundings:
    """All that the views of these servers need: four questions to the network service."""
    ports = _ports(caller, servers)
    placement = _placement(caller, servers)
    groups = {row["id"]: row for row in _own(caller, "security-groups")} if servers else {}
    subnets = {ip["subnet_id"] for row in ports for ip in row["fixed_ips"]}
    in_vpcs = _vpcs(caller, subnets)
    by_server: dict[str, list[Row]] = {}
    for row in ports:
        by_server.setdefault(row["device_id"], []).append(row)
    return Surroundings(
        ports=by_server,
        groups=groups,
        floating=_floating(caller) if ports else {},
        vpcs=in_vpcs,
        tags=tags(caller),
        ids=_ids(
            caller,
            ("i", (server.id for server in servers)),
            ("ami", _image_ids(servers)),
            ("vol", _volume_ids(servers)),
            ("eni", (row["id"] for row in ports)),
            ("subnet", subnets),
            ("sg", groups),
            ("pg", placement),
        ),
        client_tokens=_client_tokens(caller),
        placement=placement,
        account=caller.project_id,
        domain=caller.cloud.conf.api.dhcp_domain,
    )


def _image_ids(servers: Sequence[Server]) -> set[str]:
    images = [root_image.of(server) for server in servers]
    return {image.id for image in images if image and image.id}


def _volume_ids(servers: Sequence[Server]) -> set[str]:
    return {one.volume_id for server in servers for one in server.attachments if one.volume_id}


def _placement(caller: Caller, servers: Sequence[Server]) -> dict[str, str]:
    used = {server.group_id for server in servers}
    if used <= {None}:
        return {}
    return {group.id: group.name for group in placement_groups.every(caller) if group.id in used}


def tags(caller: Caller) -> dict[str, dict[str, str]]:
    """The tags of our table: EC2 id > key > value."""
    with caller.cloud.cells.api.read() as conn:
        return ec2_tags.of_project(conn, caller.project_id)


def tag_set(*kept: Mapping[str, str] | None) -> list[Row]:
    """Tags as EC2 lists them; later ones count."""
    merged: dict[str, str] = {}
    for some in kept:
        merged |= some or {}
    return [
        {"Key": key, "Value": value}
        for key, value in sorted(merged.items())
        if key not in protection.NO_TAGS
    ]


def _client_tokens(caller: Caller) -> dict[str, str]:
    with caller.cloud.cells.api.read() as conn:
        return ec2_client_tokens.of_project(conn, caller.project_id, "RunInstances")


def _own(caller: Caller, plural: str, **filters: Any) -> tuple[Row, ...]:
    return caller.rows.list_(caller.context, plural, project_id=caller.project_id, **filters)


def _ports(caller: Caller, servers: Sequence[Server]) -> list[Row]:
    living = {server.id for server in servers if not server.deleted}
    if not living:
        return []
    narrowed = {"device_id": sorted(living)} if len(living) <= MOST_BY_ID else {}
    rows = _own(caller, "ports", **narrowed)
    return [row for row in rows if row["device_id"] in living]


def _floating(caller: Caller) -> dict[str, str]:
    rows = _own(caller, "floatingips")
    return {row["port_id"]: row["floating_ip_address"] for row in rows if row["port_id"]}


def _vpcs(caller: Caller, subnets: set[str]) -> dict[str, str]:
    if not subnets:
        return {}
    rows = caller.rows.list_(caller.context, "subnets", id=sorted(subnets))
    things = dict.fromkeys(subnets, caller.project_id)
    things |= {row["id"]: vpcs.of(row, caller.project_id) for row in rows}
    named = caller.names.give("vpc", things.values())
    return {subnet: named[thing] for subnet, thing in things.items()}


def _ids(caller: Caller, *wanted: tuple[str, Iterable[str]]) -> dict[tuple[str, str], str]:
    return {
        (prefix, thing): ec2_id
        for prefix, things in wanted
        for thing, ec2_id in caller.names.give(prefix, things).items()
    }
