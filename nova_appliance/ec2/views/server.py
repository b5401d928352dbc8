# SPDX-License-Identifier: Apache-2.0
"""A server as EC2 describes an instance."""

from __future__ import annotations

from nova_appliance.domain import root_image
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import metadata_options, server_states
from nova_appliance.ec2.interface_places import place
from nova_appliance.ec2.server_states import PENDING, TERMINATED
from nova_appliance.ec2.surroundings import Row, Surroundings, tag_set


def show(around: Surroundings, server: Server) -> Row:
    """One instance."""
    state = server_states.state(server)
    ec2_id = around.id("i", server.id)
    return {
        "InstanceId": ec2_id,
        "ImageId": _image(around, server),
        "State": state,
        "PrivateDnsName": _private_dns_name(around, server, state),
        "PublicDnsName": _public_dns_name(around, server, state),
        "StateTransitionReason": server_states.transition(server),
        "KeyName": server.key_name,
        "AmiLaunchIndex": server.launch_index,
        "ProductCodes": [],
        "InstanceType": server.flavor.name,
        "LaunchTime": server.created_at,
        "Placement": _placement(around, server),
        "Monitoring": {"State": "disabled"},
        "StateReason": server_states.reason(server),
        "Architecture": _architecture(server),
        "RootDeviceType": "instance-store" if server.image else "ebs",
        "RootDeviceName": server.root_device,
        "BlockDeviceMappings": _volumes(around, server),
        "VirtualizationType": "hvm",
        "Hypervisor": "xen",
        "EbsOptimized": False,
        "HibernationOptions": {"Configured": False},
        "MetadataOptions": metadata_options.show(server),
        "ClientToken": around.client_tokens.get(server.reservation_id, ""),
        "Tags": tag_set(server.metadata, around.tags.get(ec2_id)),
        "SecurityGroups": _groups(around, server),
        **_network(around, server),
    }


def _placement(around: Surroundings, server: Server) -> Row:
    name = around.placement.get(server.group_id or "")
    group = {"GroupId": around.id("pg", str(server.group_id))} if name is not None else {}
    return {
        "AvailabilityZone": server.zone or "",
        "GroupName": name or "",
        "Tenancy": "default",
        **group,
    }


def _image(around: Surroundings, server: Server) -> str:
    """The image, or the one that the root volume was made of."""
    image = root_image.of(server)
    return around.id("ami", image.id) if image and image.id else ""


def _private_dns_name(around: Surroundings, server: Server, state: Row) -> str:
    if state in (PENDING, TERMINATED):
        return ""
    return f"{server.hostname}.{around.domain}" if around.domain else server.hostname


def _public_dns_name(around: Surroundings, server: Server, state: Row) -> str:
    """What ssh reaches: the floating address, or the fixed one."""
    if state in (PENDING, TERMINATED):
        return ""
    return _public(around, server) or _private(server) or ""


def _public(around: Surroundings, server: Server) -> str | None:
    ports = around.ports.get(server.id, ())
    return next((around.floating[p["id"]] for p in ports if p["id"] in around.floating), None)


def _private(server: Server) -> str | None:
    fixed = (a.address for a in server.addresses if a.kind == "fixed" and a.version == 4)
    return next(fixed, None)


def _architecture(server: Server) -> str:
    image = root_image.of(server)
    told = image.properties.get("hw_architecture") if image else None
    return told or "x86_64"


def _volumes(around: Surroundings, server: Server) -> list[Row]:
    found = []
    for one in server.attachments:
        volume = around.ids.get(("vol", str(one.volume_id)))
        if volume:
            ebs = {
                "VolumeId": volume,
                "Status": "attached",
                "DeleteOnTermination": one.delete_on_termination,
            }
            found.append({"DeviceName": one.device, "Ebs": ebs})
    return found


def _groups(around: Surroundings, server: Server) -> list[Row]:
    """Groups of the ports, or those asked for while there is no port."""
    used = {group for port in around.ports.get(server.id, ()) for group in port["security_groups"]}
    if not around.ports.get(server.id):
        names = set(server.security_groups)
        used = {row["id"] for row in around.groups.values() if names & {row["name"], row["id"]}}
    return [
        {"GroupId": around.id("sg", group), "GroupName": around.groups[group]["name"]}
        for group in sorted(used)
        if group in around.groups
    ]


def _network(around: Surroundings, server: Server) -> Row:
    """Subnet, VPC, addresses and interfaces; nothing of a server that is gone."""
    if server.deleted:
        return {"NetworkInterfaces": []}
    interfaces = [
        _interface(around, server, index, port)
        for index, port in enumerate(around.ports.get(server.id, ()))
    ]
    first = interfaces[0] if interfaces else {}
    return {
        "PrivateIpAddress": _private(server) or first.get("PrivateIpAddress"),
        "PublicIpAddress": _public(around, server),
        "SubnetId": first.get("SubnetId"),
        "VpcId": first.get("VpcId"),
        "SourceDestCheck": first.get("SourceDestCheck", True),
        "NetworkInterfaces": interfaces,
    }


def _interface(around: Surroundings, server: Server, index: int, port: Row) -> Row:
    ips = port["fixed_ips"]
    subnet = ips[0]["subnet_id"] if ips else None
    addresses = [ip["ip_address"] for ip in ips]
    v4 = [ip for ip in addresses if ":" not in ip]
    return {
        "NetworkInterfaceId": around.id("eni", port["id"]),
        "SubnetId": around.id("subnet", subnet) if subnet else None,
        "VpcId": around.vpcs.get(subnet) if subnet else None,
        "Description": "",
        "InterfaceType": "interface",
        "Ipv6Addresses": [{"Ipv6Address": ip} for ip in addresses if ":" in ip],
        "OwnerId": around.account,
        "Status": "in-use",
        "MacAddress": port["mac_address"],
        "PrivateIpAddress": v4[0] if v4 else None,
        "SourceDestCheck": bool(port.get("port_security_enabled", True)),
        "Groups": [
            {"GroupId": around.id("sg", group), "GroupName": around.groups[group]["name"]}
            for group in port["security_groups"]
            if group in around.groups
        ],
        "Association": _association(around, port),
        "Attachment": {
            "AttachmentId": around.id("eni", port["id"]).replace("eni-", "eni-attach-", 1),
            "NetworkCardIndex": 0,
            "AttachTime": server.created_at,
            **place(server, port["id"], index),
        },
        "PrivateIpAddresses": [
            {"PrivateIpAddress": ip, "Primary": at == 0} for at, ip in enumerate(v4)
        ],
    }


def _association(around: Surroundings, port: Row) -> Row | None:
    public = around.floating.get(port["id"])
    if public is None:
        return None
    return {"PublicIp": public, "PublicDnsName": public, "IpOwnerId": around.account}
