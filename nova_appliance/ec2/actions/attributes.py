# SPDX-License-Identifier: Apache-2.0
"""Describe-, Modify-, ResetInstanceAttribute, and ModifyInstanceMetadataOptions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nova_appliance.actions import metadata
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import metadata_options, protection, servers, source_checks
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import missing, shown
from nova_appliance.ec2.surroundings import Surroundings, look
from nova_appliance.ec2.views import server as view

Item = dict[str, Any]


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeInstanceAttribute."""
    name = params["Attribute"]
    if name not in READ:
        raise Fault("InvalidParameterValue", f"'{shown(name)}' is not an attribute.")
    server = servers.find(caller, params["InstanceId"])
    return {"InstanceId": params["InstanceId"], **READ[name](look(caller, (server,)), server)}


def modify(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ModifyInstanceAttribute: DisableApiTermination, SourceDestCheck and Groups."""
    server = servers.find(caller, params["InstanceId"])
    asked = _asked(params)
    if len(asked) != 1:
        raise Fault("InvalidParameterCombination", "Exactly one attribute can be changed a call.")
    ((name, value),) = asked.items()
    if name not in CHANGES:
        raise Fault("UnsupportedOperation", f"The attribute {shown(name)} cannot be changed here.")
    CHANGES[name](caller, server, value)
    return {}


def reset(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ResetInstanceAttribute: sourceDestCheck, or kernel and ramdisk, which are the image's always."""
    server = servers.find(caller, params["InstanceId"])
    if params["Attribute"] not in RESETS:
        told = shown(params["Attribute"])
        raise Fault("InvalidParameterValue", f"The attribute {told} cannot be reset.")
    if params["Attribute"] == "sourceDestCheck":
        _check_source(caller, server, value=True)
    return {}


def modify_metadata_options(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ModifyInstanceMetadataOptions: tokens demanded, or nothing told; it counts within seconds."""
    server = servers.find(caller, params["InstanceId"])
    if items := metadata_options.read(params):
        with coded(Conflict="IncorrectInstanceState"):
            metadata.merge(caller.cloud, caller.context, server, items)
    server = servers.find(caller, params["InstanceId"])
    told = metadata_options.show(server) | {"State": "pending"}
    return {"InstanceId": params["InstanceId"], "InstanceMetadataOptions": told}


def _asked(params: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes to change, in the long form (Attribute, Value) or the short one."""
    told = {k: v for k, v in params.items() if k not in ("InstanceId", "Attribute", "Value")}
    asked = {name: value.get("Value") if isinstance(value, dict) else value
             for name, value in told.items()}  # fmt: skip
    if params.get("Attribute"):
        name = params["Attribute"]
        asked[name[:1].upper() + name[1:]] = params.get("Value")
    return asked


def _truth(value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise Fault("InvalidParameterValue", "The value of this attribute is true or false.")
    return text == "true"


def _protect(caller: Caller, server: Server, value: Any) -> None:
    with coded(Conflict="IncorrectInstanceState"):
        if _truth(value):
            items = {protection.KEY: "true"}
            metadata.merge(caller.cloud, caller.context, server, items)
        elif protection.is_protected(server):
            metadata.remove(caller.cloud, caller.context, server, protection.KEY)


def _check_source(caller: Caller, server: Server, value: Any) -> None:
    wanted = _truth(value)
    for port in _ports(caller, server):
        source_checks.put(caller, port, wanted=wanted)


def _join_groups(caller: Caller, server: Server, value: Any) -> None:
    if not value:
        raise missing("GroupId")
    things = caller.names.find_all("sg", value)
    with coded(NotFound="InvalidGroup.NotFound"):
        for port in _ports(caller, server):
            source_checks.join(caller, port, list(things.values()))


def _ports(caller: Caller, server: Server) -> tuple[Item, ...]:
    return caller.rows.list_(caller.context, "ports", device_id=server.id)


RESETS = ("kernel", "ramdisk", "sourceDestCheck")
CHANGES: dict[str, Callable[[Caller, Server, Any], None]] = {
    "DisableApiTermination": _protect,
    "SourceDestCheck": _check_source,
    "Groups": _join_groups,
}


def _of_view(attribute: str) -> Callable[[Surroundings, Server], Item]:
    def read(around: Surroundings, server: Server) -> Item:
        return {attribute: {"Value": view.show(around, server).get(attribute)}}

    return read


def _whole(attribute: str, field: str) -> Callable[[Surroundings, Server], Item]:
    return lambda around, server: {attribute: view.show(around, server)[field]}


def _fixed(attribute: str, value: Any) -> Callable[[Surroundings, Server], Item]:
    return lambda _around, _server: {attribute: {"Value": value} if value is not None else {}}


READ: dict[str, Callable[[Surroundings, Server], Item]] = {
    "blockDeviceMapping": _whole("BlockDeviceMappings", "BlockDeviceMappings"),
    "disableApiStop": _fixed("DisableApiStop", value=False),
    "disableApiTermination": lambda _around, server: {
        "DisableApiTermination": {"Value": protection.is_protected(server)}
    },
    "ebsOptimized": _fixed("EbsOptimized", value=False),
    "enaSupport": _fixed("EnaSupport", value=False),
    "groupSet": _whole("Groups", "SecurityGroups"),
    "instanceInitiatedShutdownBehavior": _fixed("InstanceInitiatedShutdownBehavior", "stop"),
    "instanceType": _of_view("InstanceType"),
    "kernel": _fixed("KernelId", None),
    "productCodes": lambda _around, _server: {"ProductCodes": []},
    "ramdisk": _fixed("RamdiskId", None),
    "rootDeviceName": _of_view("RootDeviceName"),
    "sourceDestCheck": _of_view("SourceDestCheck"),
    "userData": lambda _around, server: {
        "UserData": {"Value": server.user_data} if server.user_data else {}
    },
}
"""Attribute > its part of the answer."""
