# SPDX-License-Identifier: Apache-2.0
"""AssignPrivateIpAddresses, UnassignPrivateIpAddresses: further fixed addresses of a port."""

from __future__ import annotations

import ipaddress
from typing import Any

from nova_appliance.clients.session import error_type
from nova_appliance.common import errors
from nova_appliance.ec2.actions import interfaces
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import missing, shown

Row = dict[str, Any]
UNBUILT = ("Ipv4Prefixes", "Ipv4PrefixCount")
MOST = 30


def assign(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """AssignPrivateIpAddresses: of the subnet that the interface is in; the guest is told nothing."""
    _check_built(params)
    port = interfaces.find(caller, params["NetworkInterfaceId"])
    old = list(port["fixed_ips"])
    if not old:
        raise Fault("InvalidParameterValue", "The interface is in no subnet.")
    held = {ip["ip_address"] for ip in old}
    subnet = {"subnet_id": old[0]["subnet_id"]}
    more = [subnet | one for one in _wanted(params) if one.get("ip_address") not in held]
    try:
        with coded(NotFound="InvalidNetworkInterfaceID.NotFound"):
            wanted = {"fixed_ips": old + more}
            port = caller.rows.change(caller.context, "ports", port["id"], wanted)
    except errors.ApplianceError as error:
        raise _explained(error, params) from error
    new = [ip["ip_address"] for ip in port["fixed_ips"] if ip["ip_address"] not in held]
    return {
        "NetworkInterfaceId": params["NetworkInterfaceId"],
        "AssignedPrivateIpAddresses": [{"PrivateIpAddress": ip} for ip in new],
        "AssignedIpv4Prefixes": [],
    }


def unassign(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """UnassignPrivateIpAddresses: not the primary one; a public address that led to it is free."""
    _check_built(params)
    port = interfaces.find(caller, params["NetworkInterfaceId"])
    doomed = set(params.get("PrivateIpAddresses") or ())
    if not doomed:
        raise missing("PrivateIpAddress")
    held = [ip["ip_address"] for ip in port["fixed_ips"]]
    for ip in sorted(doomed):
        if ip not in held:
            told = f"'{shown(ip)}' is not assigned to the interface."
            raise Fault("InvalidParameterValue", told)
    if held[0] in doomed:
        raise Fault("InvalidParameterValue", "The primary address cannot be unassigned.")
    with coded(NotFound="InvalidNetworkInterfaceID.NotFound"):
        _free(caller, port, doomed)
        kept = [ip for ip in port["fixed_ips"] if ip["ip_address"] not in doomed]
        caller.rows.change(caller.context, "ports", port["id"], {"fixed_ips": kept})
    return {}


def _check_built(params: dict[str, Any]) -> None:
    if any(params.get(name) for name in UNBUILT):
        raise Fault("UnsupportedOperation", "Interfaces have single addresses here, no prefixes.")


def _wanted(params: dict[str, Any]) -> list[Row]:
    """What is asked for: addresses, or any so many. Raises Fault."""
    named = params.get("PrivateIpAddresses") or ()
    count = params.get("SecondaryPrivateIpAddressCount")
    if named and count is not None:
        raise Fault("InvalidParameterCombination", "Give addresses, or how many, not both.")
    if not named and count is None:
        raise missing("SecondaryPrivateIpAddressCount")
    if not 1 <= (len(named) if count is None else count) <= MOST:
        raise Fault("PrivateIpAddressLimitExceeded", f"From 1 to {MOST} addresses a call.")
    return [{"ip_address": _address(ip)} for ip in named] or [{} for _ in range(count or 0)]


def _address(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as error:
        raise Fault("InvalidParameterValue", f"'{shown(text)}' is not an address.") from error


def _explained(error: errors.ApplianceError, params: dict[str, Any]) -> errors.ApplianceError:
    kind = error_type(error) or ""
    if kind == "IpAddressGenerationFailure":
        return Fault("InsufficientFreeAddressesInSubnet", "The subnet has not so many free ones.")
    if isinstance(error, errors.Conflict) and params.get("AllowReassignment"):
        return Fault("UnsupportedOperation", "An address is not taken from another interface here.")
    if isinstance(error, errors.Conflict):
        return Fault("InvalidParameterValue", "An address is in use by another interface.")
    return error


def _free(caller: Caller, port: Row, doomed: set[str]) -> None:
    """Have no public address lead to these."""
    public = caller.rows.list_(caller.context, "floatingips", project_id=caller.project_id)
    for row in public:
        if row["port_id"] == port["id"] and row["fixed_ip_address"] in doomed:
            caller.rows.change(caller.context, "floatingips", row["id"], {"port_id": None})
