# SPDX-License-Identifier: Apache-2.0
"""The project's networks as VPCs, subnets and gateways: looked up once for a Describe call."""

from __future__ import annotations

import dataclasses
from typing import Any

from nova_appliance.ec2 import names, vpcs
from nova_appliance.ec2.caller import Caller

Row = dict[str, Any]
NO_CIDR = "0.0.0.0/0"


@dataclasses.dataclass(frozen=True)
class Topology:
    """What Neutron has, and the EC2 ids of it."""

    account: str
    networks: dict[str, Row]
    """Id > network that servers of the project may join."""
    subnets: tuple[Row, ...]
    """IPv4 subnets of those."""
    routers: dict[str, Row]
    """Id > router that is a VPC."""
    subnet_ids: dict[str, str]
    vpc_ids: dict[str, str]

    def vpc_of(self, subnet: Row) -> str:
        """What stands for the VPC of a subnet: a router's id, or the project's."""
        thing = vpcs.of(subnet, self.account)
        return thing if thing in self.vpc_ids else self.account

    def cidrs(self, vpc: str) -> list[str]:
        """The address ranges of a VPC: as it was made, or those of its subnets."""
        if vpc in self.routers:
            return [vpcs.told(self.routers[vpc], vpcs.CIDR) or NO_CIDR]
        return [row["cidr"] for row in self.subnets if self.vpc_of(row) == vpc] or [NO_CIDR]


def look(caller: Caller) -> Topology:
    """Three questions to the network service."""
    usable = caller.cloud.networks.usable(caller.project_id, None, caller.context)
    networks = {network.id: network.raw for network in usable}
    subnets = tuple(
        row
        for row in caller.rows.list_(caller.context, "subnets", ip_version=4)
        if row["network_id"] in networks
    )
    routers = {
        row["id"]: row
        for row in caller.rows.list_(caller.context, "routers", project_id=caller.project_id)
        if vpcs.VPC in row.get("tags", ())
    }
    return Topology(
        account=caller.project_id,
        networks=networks,
        subnets=subnets,
        routers=routers,
        subnet_ids=caller.names.give("subnet", (row["id"] for row in subnets)),
        vpc_ids=caller.names.give("vpc", (caller.project_id, *routers)),
    )


def find_vpc(seen: Topology, ec2_id: str) -> str:
    """The router of a VPC, or the project for the default one. Raises Fault."""
    names.check("vpc", ec2_id)
    found = [thing for thing, one in seen.vpc_ids.items() if one == ec2_id]
    if not found:
        raise names.missing("vpc", (ec2_id,))
    return found[0]
