# SPDX-License-Identifier: Apache-2.0
"""CreateVpc, DeleteVpc, CreateSubnet, DeleteSubnet: a router, and networks at it."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from typing import Any

from nova_appliance.common import errors
from nova_appliance.ec2 import dhcp_options, names, tagging, topology, vpcs
from nova_appliance.ec2.actions import vpcs_read
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.topology import Row, Topology

SMALLEST, LARGEST = 28, 16
Network = ipaddress.IPv4Network


def create_vpc(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateVpc."""
    if not params.get("CidrBlock"):
        raise missing("CidrBlock")
    cidr = _cidr(params["CidrBlock"], "InvalidVpc.Range")
    new = tagging.specified(params, "vpc")
    marks = (vpcs.VPC, f"{vpcs.CIDR}{cidr}")
    with coded(OverQuota="VpcLimitExceeded"):
        row = caller.rows.create(caller.context, "routers", {"name": new.get("Name", "ec2-vpc")})
    with _undone_on_error(caller, "routers", row["id"]):
        caller.rows.tag(caller.context, "routers", row["id"], marks)
    ec2_id = caller.names.one("vpc", row["id"])
    tagging.keep(caller, ec2_id, new)
    return {"Vpc": vpcs_read.show_vpc(topology.look(caller), row["id"], new)}


def delete_vpc(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteVpc: one that has nothing in it."""
    seen = topology.look(caller)
    thing = topology.find_vpc(seen, params["VpcId"])
    if thing == seen.account:
        raise Fault("OperationNotPermitted", "The default VPC is the project's own networks.")
    if vpcs.told(seen.routers[thing], vpcs.GATEWAY):
        raise Fault("DependencyViolation", f"The vpc '{params['VpcId']}' has an internet gateway.")
    groups = caller.rows.list_(caller.context, "security-groups", project_id=caller.project_id)
    if any(vpcs.of(row, seen.account) == thing for row in (*seen.subnets, *groups)):
        raise Fault("DependencyViolation", f"The vpc '{params['VpcId']}' has dependencies.")
    with coded(Conflict="DependencyViolation", NotFound="InvalidVpcID.NotFound"):
        caller.rows.remove(caller.context, "routers", thing)
    tagging.forget(caller, params["VpcId"])
    return {}


def create_subnet(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateSubnet: a network with one subnet, at the VPC's router."""
    if not params.get("CidrBlock"):
        raise missing("CidrBlock")
    cidr = _cidr(params["CidrBlock"], "InvalidSubnet.Range")
    seen = topology.look(caller)
    router = topology.find_vpc(seen, params["VpcId"])
    _check_room(seen, router, cidr)
    new = tagging.specified(params, "subnet")
    subnet_id = _make_subnet(caller, seen.routers[router], cidr, new.get("Name", "ec2-subnet"))
    ec2_id = caller.names.one("subnet", subnet_id)
    tagging.keep(caller, ec2_id, new)
    return {"Subnet": vpcs_read.subnets(caller, {"SubnetIds": [ec2_id]})["Subnets"][0]}


def delete_subnet(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteSubnet: one that was made by CreateSubnet and that nothing uses."""
    ec2_id = params["SubnetId"]
    thing = caller.names.find("subnet", ec2_id)
    found = [row for row in topology.look(caller).subnets if row["id"] == thing]
    if not found:
        raise names.missing("subnet", (ec2_id,))
    router = vpcs.told(found[0], vpcs.IN_VPC)
    if not router:
        raise Fault("OperationNotPermitted", "This subnet was not made by the EC2 API.")
    _check_unused(caller, found[0])
    with coded(Conflict="DependencyViolation"):
        with contextlib.suppress(errors.NotFound):
            caller.rows.part(caller.context, router, thing)
        caller.rows.remove(caller.context, "networks", found[0]["network_id"])
    tagging.forget(caller, ec2_id)
    return {}


def _check_unused(caller: Caller, subnet: Row) -> None:
    ports = caller.rows.list_(caller.context, "ports", network_id=subnet["network_id"])
    if any(not port["device_owner"].startswith("network:") for port in ports):
        raise Fault("DependencyViolation", "The subnet has dependencies and cannot be deleted.")


def _cidr(text: str, code: str) -> Network:
    try:
        found = Network(text, strict=False)
    except ValueError as error:
        raise Fault(
            "InvalidParameterValue", f"Value ({shown(text)}) for parameter cidrBlock is invalid."
        ) from error
    if not LARGEST <= found.prefixlen <= SMALLEST:
        raise Fault(code, f"The CIDR '{found}' is invalid: it must be from /16 to /28.")
    return found


def _check_room(seen: Topology, router: str, cidr: Network) -> None:
    """Raises Fault unless the range is in the VPC and free there."""
    if router == seen.account:
        raise Fault(
            "OperationNotPermitted", "The default VPC takes no subnets: make a VPC for them."
        )
    if not any(cidr.subnet_of(Network(whole)) for whole in seen.cidrs(router)):
        raise Fault("InvalidSubnet.Range", f"The CIDR '{cidr}' is not in the VPC's.")
    for row in seen.subnets:
        if seen.vpc_of(row) == router and cidr.overlaps(Network(row["cidr"])):
            raise Fault(
                "InvalidSubnet.Conflict", f"The CIDR '{cidr}' conflicts with {row['cidr']}."
            )


def _make_subnet(caller: Caller, router: Row, cidr: Network, name: str) -> str:
    options = dhcp_options.get(caller, vpcs.told(router, vpcs.DHCP))
    wanted = {
        "cidr": str(cidr),
        "ip_version": 4,
        "name": name,
        "dns_nameservers": dhcp_options.servers(options.body) if options else [],
    }
    with coded(OverQuota="SubnetLimitExceeded", Conflict="InvalidSubnet.Conflict"):
        network = caller.rows.create(caller.context, "networks", {"name": name})
        with _undone_on_error(caller, "networks", network["id"]):
            at = {"network_id": network["id"]}
            subnet = caller.rows.create(caller.context, "subnets", at | wanted)
            mark = (vpcs.IN_VPC + router["id"],)
            caller.rows.tag(caller.context, "subnets", subnet["id"], mark)
            caller.rows.join(caller.context, router["id"], subnet["id"])
    return str(subnet["id"])


@contextlib.contextmanager
def _undone_on_error(caller: Caller, plural: str, row_id: str) -> Iterator[None]:
    """Take a new row away again when what belongs to it cannot be made."""
    try:
        yield
    except errors.ApplianceError:
        with contextlib.suppress(errors.ApplianceError):
            caller.rows.remove(caller.context, plural, row_id)
        raise
