# SPDX-License-Identifier: Apache-2.0
"""DescribeNetworkInterfaces, CreateNetworkInterface, DeleteNetworkInterface: Neutron's ports."""

from __future__ import annotations

from typing import Any

from nova_appliance.ec2 import listing, names, servers, tagging, vpcs
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.interface_places import place
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.surroundings import tag_set, tags

Row = dict[str, Any]
LISTING = Listing(
    "NetworkInterfaces", "NetworkInterfaceId", "eni", "NetworkInterfaceIds", {
        "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
        "association.public-ip": "Association.PublicIp",
        "attachment.attachment-id": "Attachment.AttachmentId",
        "attachment.instance-id": "Attachment.InstanceId",
        "attachment.status": "Attachment.Status",
        "availability-zone": "AvailabilityZone",
        "description": "Description",
        "group-id": "Groups.GroupId",
        "group-name": "Groups.GroupName",
        "mac-address": "MacAddress",
        "network-interface-id": "NetworkInterfaceId",
        "owner-id": "OwnerId",
        "private-ip-address": "PrivateIpAddress",
        "source-dest-check": "SourceDestCheck",
        "status": "Status",
        "subnet-id": "SubnetId",
        "tag-value": "TagSet.Value",
        "vpc-id": "VpcId",
    },
)  # fmt: skip
GOING = {"DeviceIndex": 0, "Status": "detaching", "DeleteOnTermination": True}
"""The attachment of a port whose server is gone."""
SERVERS = "compute:"
"""Begin of the device_owner of servers' ports; ports of routers and the like are no interfaces."""


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeNetworkInterfaces."""
    ports = caller.rows.list_(caller.context, "ports", project_id=caller.project_id)
    return listing.show(LISTING, params, show(caller, [row for row in ports if _is_shown(row)]))


def create(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """CreateNetworkInterface."""
    new = tagging.specified(params, "network-interface")
    subnet = _subnet(caller, params["SubnetId"])
    fixed = {"subnet_id": subnet["id"]}
    if params.get("PrivateIpAddress"):
        fixed["ip_address"] = params["PrivateIpAddress"]
    row: Row = {
        "network_id": subnet["network_id"],
        "fixed_ips": [fixed],
        "description": params.get("Description") or "",
    }
    if params.get("Groups"):
        things = caller.names.find_all("sg", params["Groups"])
        row["security_groups"] = list(things.values())
    with coded(Conflict="InsufficientFreeAddressesInSubnet", NotFound="InvalidGroup.NotFound"):
        port = caller.rows.create(caller.context, "ports", row)
    ec2_id = caller.names.one("eni", port["id"])
    tagging.keep(caller, ec2_id, new)
    return {"NetworkInterface": show(caller, [port])[0]}


def delete(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DeleteNetworkInterface."""
    ec2_id = params["NetworkInterfaceId"]
    port = find(caller, ec2_id)
    if port["device_id"]:
        raise Fault("InvalidNetworkInterface.InUse", f"Interface {ec2_id} is attached.")
    with coded(NotFound="InvalidNetworkInterfaceID.NotFound"):
        caller.rows.remove(caller.context, "ports", port["id"])
    tagging.forget(caller, ec2_id)
    return {}


def find(caller: Caller, ec2_id: str) -> Row:
    """The port of that id. Raises Fault."""
    thing = caller.names.find("eni", ec2_id)
    found = caller.rows.list_(caller.context, "ports", id=thing, project_id=caller.project_id)
    if not found or not _is_shown(found[0]):
        raise names.missing("eni", (ec2_id,))
    return found[0]


def _is_shown(port: Row) -> bool:
    return port["device_owner"].startswith(SERVERS) or not port["device_owner"]


def _subnet(caller: Caller, ec2_id: str) -> Row:
    thing = caller.names.find("subnet", ec2_id)
    found = caller.rows.list_(caller.context, "subnets", id=thing)
    if not found:
        raise names.missing("subnet", (ec2_id,))
    return found[0]


def show(caller: Caller, ports: list[Row]) -> list[Row]:
    """Ports in EC2's words."""
    subnets = {ip["subnet_id"] for row in ports for ip in row["fixed_ips"]}
    rows = caller.rows.list_(caller.context, "subnets", id=sorted(subnets)) if subnets else ()
    in_vpcs = {row["id"]: vpcs.of(row, caller.project_id) for row in rows}
    groups = caller.rows.list_(caller.context, "security-groups", project_id=caller.project_id)
    floating = caller.rows.list_(caller.context, "floatingips", project_id=caller.project_id)
    holders = sorted({port["device_id"] for port in ports if port["device_id"]})
    around = {
        "subnets": caller.names.give("subnet", subnets),
        "vpcs": caller.names.give("vpc", in_vpcs.values()),
        "in_vpcs": in_vpcs,
        "groups": {row["id"]: row["name"] for row in groups},
        "floating": {row["port_id"]: row["floating_ip_address"] for row in floating},
        "sg": caller.names.give("sg", (row["id"] for row in groups)),
        "eni": caller.names.give("eni", (row["id"] for row in ports)),
        "i": caller.names.give("i", holders),
        "servers": {one.id: one for one in servers.by_ids(caller, holders, gone=False)},
        "tags": tags(caller),
    }
    return [_one(caller, around, port) for port in ports]


def _one(caller: Caller, around: dict[str, Any], port: Row) -> Row:
    ec2_id = around["eni"][port["id"]]
    subnet = port["fixed_ips"][0]["subnet_id"] if port["fixed_ips"] else None
    addresses = [ip["ip_address"] for ip in port["fixed_ips"]]
    v4 = [ip for ip in addresses if ":" not in ip]
    vpc = around["in_vpcs"].get(subnet)
    public = around["floating"].get(port["id"])
    return {
        "NetworkInterfaceId": ec2_id,
        "SubnetId": around["subnets"].get(subnet),
        "VpcId": around["vpcs"].get(vpc),
        "AvailabilityZone": str(caller.cloud.conf.default_availability_zone),
        "Description": port.get("description") or "",
        "OwnerId": caller.project_id,
        "RequesterManaged": False,
        "Status": "in-use" if port["device_id"] else "available",
        "MacAddress": port["mac_address"],
        "PrivateIpAddress": v4[0] if v4 else None,
        "SourceDestCheck": bool(port.get("port_security_enabled", True)),
        "InterfaceType": "interface",
        "Ipv6Addresses": [{"Ipv6Address": ip} for ip in addresses if ":" in ip],
        "Groups": [
            {"GroupId": around["sg"][group], "GroupName": around["groups"][group]}
            for group in port["security_groups"]
            if group in around["groups"]
        ],
        "Attachment": _attachment(caller, around, port, ec2_id),
        "Association": {"PublicIp": public, "IpOwnerId": caller.project_id} if public else None,
        "PrivateIpAddresses": [
            {"PrivateIpAddress": ip, "Primary": at == 0} for at, ip in enumerate(v4)
        ],
        "TagSet": tag_set(around["tags"].get(ec2_id)),
    }


def _attachment(caller: Caller, around: dict[str, Any], port: Row, ec2_id: str) -> Row | None:
    if not port["device_id"]:
        return None
    server = around["servers"].get(port["device_id"])
    return {
        "AttachmentId": ec2_id.replace("eni-", "eni-attach-", 1),
        "InstanceId": around["i"][port["device_id"]],
        "InstanceOwnerId": caller.project_id,
        **(place(server, port["id"]) if server else GOING),
    }
