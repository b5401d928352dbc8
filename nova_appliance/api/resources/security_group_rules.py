# SPDX-License-Identifier: Apache-2.0
"""Rules of security groups: the old proxy to the network service (to 2.35)."""

from __future__ import annotations

import ipaddress
from typing import Any

from nova_appliance.api.operation import operation
from nova_appliance.api.policies import network_proxies as rules
from nova_appliance.api.request import Request
from nova_appliance.api.schemas import network_proxies as schemas
from nova_appliance.api.views import security_groups as views
from nova_appliance.common import errors, ids

LAST = "2.35"
PROTOCOLS = ("tcp", "udp", "icmp")
Body = dict[str, Any]


@operation(policy=rules.RULE_CREATE, body=schemas.GROUP_RULE, errors=(404,), until=LAST)
def create(req: Request, body: Body) -> Body:
    """POST /os-security-group-rules."""
    said = body["security_group_rule"]
    rows = req.cloud.networks.rows
    group_ids = [said["parent_group_id"], *filter(None, [said.get("group_id")])]
    for group_id in group_ids:
        if not ids.is_id(group_id):
            raise errors.Invalid("Security group id should be uuid")
    groups = {row["id"]: row for row in rows.list_(req.context, "security-groups", id=group_ids)}
    for group_id in group_ids:
        if group_id not in groups:
            raise errors.NotFound(f"Security group {group_id} not found.")
    try:
        made = rows.create(req.context, "security-group-rules", _wanted(said))
    except errors.Conflict as error:
        if isinstance(error, errors.OverQuota):
            raise
        raise errors.Invalid(error.message) from error
    return {"security_group_rule": views.rule(made, groups)}


@operation(policy=rules.RULE_DELETE, status=202, errors=(400, 404, 409), until=LAST)
def delete(req: Request, rule_id: str) -> None:
    """DELETE /os-security-group-rules/{security_group_rule_id}."""
    if not ids.is_id(rule_id):
        raise errors.Invalid("Security group rule id should be uuid")
    req.cloud.networks.rows.remove(req.context, "security-group-rules", rule_id)


def _wanted(said: Body) -> Body:
    """The rule in the words of the network service. Raises Invalid."""
    protocol = said.get("ip_protocol")
    if protocol is not None and protocol.lower() not in PROTOCOLS:
        raise errors.Invalid(f"Invalid IP protocol {protocol}.")
    source, version = _source(said)
    wanted: Body = {
        "security_group_id": said["parent_group_id"],
        "direction": "ingress",
        "ethertype": f"IPv{version}",
        "protocol": protocol.lower() if protocol else None,
        **source,
    }
    first, last = _port(said.get("from_port")), _port(said.get("to_port"))
    if first is not None or last is not None:
        wanted |= {"port_range_min": first, "port_range_max": last}
    return wanted


def _source(said: Body) -> tuple[Body, int]:
    if said.get("group_id"):
        return {"remote_group_id": said["group_id"]}, 4
    cidr = said.get("cidr") or "0.0.0.0/0"
    try:
        network = ipaddress.ip_network(cidr if "/" in cidr else "", strict=False)
    except ValueError as error:
        raise errors.Invalid(f"Invalid cidr {cidr}.") from error
    return {"remote_ip_prefix": cidr}, network.version


def _port(value: int | str | None) -> int | None:
    number = None if value is None else int(value)
    return None if number == -1 else number
