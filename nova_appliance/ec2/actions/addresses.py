# SPDX-License-Identifier: Apache-2.0
"""AllocateAddress, AssociateAddress, DisassociateAddress, ReleaseAddress, DescribeAddresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nova_appliance.clients.session import error_type
from nova_appliance.common import errors
from nova_appliance.ec2 import listing, names, servers, tagging
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.listing import Listing
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.surroundings import tag_set, tags

Row = dict[str, Any]
LISTING = Listing(
    "Addresses", "AllocationId", "eipalloc", "AllocationIds", {
        "allocation-id": "AllocationId",
        "association-id": "AssociationId",
        "domain": "Domain",
        "instance-id": "InstanceId",
        "network-interface-id": "NetworkInterfaceId",
        "network-interface-owner-id": "NetworkInterfaceOwnerId",
        "private-ip-address": "PrivateIpAddress",
        "public-ip": "PublicIp",
        "tag-value": "Tags.Value",
    },
)  # fmt: skip


def allocate(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """AllocateAddress."""
    if (params.get("Domain") or "vpc") not in ("vpc", "standard"):
        raise Fault("InvalidParameterValue", "Domain must be vpc or standard.")
    new = tagging.specified(params, "elastic-ip")
    wanted = {"floating_network_id": pool(caller)}
    if params.get("Address"):
        wanted["floating_ip_address"] = params["Address"]
    with coded(OverQuota="AddressLimitExceeded", Conflict="InsufficientAddressCapacity"):
        row = caller.rows.create(caller.context, "floatingips", wanted)
    ec2_id = caller.names.one("eipalloc", row["id"])
    tagging.keep(caller, ec2_id, new)
    return {
        "PublicIp": row["floating_ip_address"],
        "AllocationId": ec2_id,
        "Domain": "vpc",
        "NetworkBorderGroup": caller.region,
    }


def associate(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """AssociateAddress."""
    row = _find(caller, params)
    port = _port(caller, params)
    if row["port_id"] not in (None, port["id"]) and params.get("AllowReassociation") is False:
        raise Fault("Resource.AlreadyAssociated", "The address is associated already.")
    change = {"port_id": port["id"]}
    if params.get("PrivateIpAddress"):
        change["fixed_ip_address"] = params["PrivateIpAddress"]
    try:
        caller.rows.change(caller.context, "floatingips", row["id"], change)
    except errors.Conflict as error:
        raise Fault("Resource.AlreadyAssociated", error.message) from error
    except errors.NotFound as error:
        if "Gateway" in error_type(error):
            raise Fault("Gateway.NotAttached", error.message) from error
        raise
    return {"AssociationId": caller.names.one("eipassoc", f"{row['id']}/{port['id']}")}


def disassociate(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DisassociateAddress: by association, or by address in old clients."""
    ec2_id = params.get("AssociationId")
    if ec2_id:
        row_id, _, port_id = caller.names.find("eipassoc", ec2_id).partition("/")
        found = [row for row in _rows(caller) if (row["id"], row["port_id"]) == (row_id, port_id)]
        if not found:
            raise names.missing("eipassoc", (ec2_id,))
        row = found[0]
    else:
        row = _find(caller, params)
    caller.rows.change(caller.context, "floatingips", row["id"], {"port_id": None})
    return {}


def release(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ReleaseAddress."""
    row = _find(caller, params)
    if row["port_id"]:
        told = row["floating_ip_address"]
        raise Fault("InvalidIPAddress.InUse", f"Address {told} is in use: disassociate it first.")
    with coded(NotFound="InvalidAllocationID.NotFound"):
        caller.rows.remove(caller.context, "floatingips", row["id"])
    tagging.forget(caller, caller.names.one("eipalloc", row["id"]))
    return {}


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeAddresses."""
    items = _show(caller, _rows(caller))
    asked = params.get("PublicIps") or ()
    unknown = [ip for ip in asked if ip not in {item["PublicIp"] for item in items}]
    if unknown:
        raise _no_address(unknown[0])
    return listing.show(
        LISTING, params, [item for item in items if not asked or item["PublicIp"] in asked]
    )


def pool(caller: Caller) -> str:
    """The external network that addresses come from."""
    rows = caller.rows.list_(caller.context, "networks", **{"router:external": "true"})
    wanted = caller.cloud.conf.neutron.default_floating_pool
    named = [row for row in rows if row["name"] == wanted or row["id"] == wanted] or list(rows)
    if not named:
        raise Fault("InsufficientAddressCapacity", "There is no network of public addresses.")
    return str(named[0]["id"])


def _rows(caller: Caller) -> tuple[Row, ...]:
    return caller.rows.list_(caller.context, "floatingips", project_id=caller.project_id)


def _find(caller: Caller, params: Mapping[str, Any]) -> Row:
    """The address of AllocationId or PublicIp. Raises Fault."""
    ec2_id, address = params.get("AllocationId"), params.get("PublicIp")
    if ec2_id:
        thing = caller.names.find("eipalloc", ec2_id)
        found = [row for row in _rows(caller) if row["id"] == thing]
        if not found:
            raise names.missing("eipalloc", (ec2_id,))
        return found[0]
    if not address:
        raise missing("AllocationId")
    found = [row for row in _rows(caller) if row["floating_ip_address"] == address]
    if not found:
        raise _no_address(address)
    return found[0]


def _port(caller: Caller, params: Mapping[str, Any]) -> Row:
    """The interface that the address is to lead to. Raises Fault."""
    eni, ec2_id = params.get("NetworkInterfaceId"), params.get("InstanceId")
    if eni:
        found = _ports(caller, id=caller.names.find("eni", eni))
        if not found:
            raise names.missing("eni", (eni,))
        return found[0]
    if not ec2_id:
        raise missing("InstanceId")
    server = servers.find(caller, ec2_id)
    found = _ports(caller, device_id=server.id)
    if not found:
        raise Fault("IncorrectInstanceState", f"The instance {ec2_id} has no interface yet.")
    return found[0]


def _ports(caller: Caller, **filters: str) -> tuple[Row, ...]:
    return caller.rows.list_(caller.context, "ports", project_id=caller.project_id, **filters)


def _show(caller: Caller, rows: tuple[Row, ...]) -> list[Row]:
    ids = caller.names.give("eipalloc", (row["id"] for row in rows))
    used = [row["port_id"] for row in rows if row["port_id"]]
    ports = {port["id"]: port for port in _ports(caller)} if used else {}
    kept = tags(caller)
    return [
        {
            "PublicIp": row["floating_ip_address"],
            "AllocationId": ids[row["id"]],
            "Domain": "vpc",
            "NetworkBorderGroup": caller.region,
            "Tags": tag_set(kept.get(ids[row["id"]])),
            **_association(caller, row, ports.get(row["port_id"])),
        }
        for row in rows
    ]


def _association(caller: Caller, row: Row, port: Row | None) -> Row:
    if port is None:
        return {}
    found = {
        "AssociationId": caller.names.one("eipassoc", f"{row['id']}/{port['id']}"),
        "NetworkInterfaceId": caller.names.one("eni", port["id"]),
        "NetworkInterfaceOwnerId": caller.project_id,
        "PrivateIpAddress": row["fixed_ip_address"],
    }
    if port["device_owner"].startswith("compute:"):
        found["InstanceId"] = caller.names.one("i", port["device_id"])
    return found


def _no_address(address: str) -> Fault:
    return Fault("InvalidAddress.NotFound", f"Address '{shown(address)}' not found.")
