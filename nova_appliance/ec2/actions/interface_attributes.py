# SPDX-License-Identifier: Apache-2.0
"""DescribeNetworkInterfaceAttribute, ModifyNetworkInterfaceAttribute, ResetNetworkInterfaceAttribute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nova_appliance.ec2 import source_checks
from nova_appliance.ec2.actions import interfaces
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import missing, shown

Row = dict[str, Any]


def describe(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """DescribeNetworkInterfaceAttribute."""
    port = interfaces.find(caller, params["NetworkInterfaceId"])
    name = params.get("Attribute")
    if not name:
        raise missing("Attribute")
    if name not in READ:
        raise Fault("InvalidParameterValue", f"'{shown(name)}' is not an attribute of interfaces.")
    item = interfaces.show(caller, [port])[0]
    return {"NetworkInterfaceId": params["NetworkInterfaceId"], **READ[name](item)}


def modify(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ModifyNetworkInterfaceAttribute: Description, SourceDestCheck and Groups, one a call."""
    port = interfaces.find(caller, params["NetworkInterfaceId"])
    asked = {k: v for k, v in params.items() if k != "NetworkInterfaceId"}
    if not asked:
        raise missing("Attribute")
    if len(asked) > 1:
        raise Fault("InvalidParameterCombination", "Exactly one attribute can be changed a call.")
    ((name, value),) = asked.items()
    if name not in CHANGES:
        raise Fault("UnsupportedOperation", f"{name} of an interface cannot be changed here.")
    with coded(NotFound="InvalidNetworkInterfaceID.NotFound"):
        CHANGES[name](caller, port, value)
    return {}


def reset(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """ResetNetworkInterfaceAttribute: SourceDestCheck, which is true again."""
    port = interfaces.find(caller, params["NetworkInterfaceId"])
    if params.get("SourceDestCheck") is None:
        raise missing("SourceDestCheck")
    with coded(NotFound="InvalidNetworkInterfaceID.NotFound"):
        source_checks.put(caller, port, wanted=True)
    return {}


def _describe_as(caller: Caller, port: Row, value: Mapping[str, Any]) -> None:
    text = {"description": value.get("Value") or ""}
    caller.rows.change(caller.context, "ports", port["id"], text)


def _check(caller: Caller, port: Row, value: Mapping[str, Any]) -> None:
    if value.get("Value") is None:
        raise missing("SourceDestCheck.Value")
    source_checks.put(caller, port, wanted=value["Value"])


def _join(caller: Caller, port: Row, value: list[str]) -> None:
    if not value:
        raise missing("SecurityGroupId")
    things = caller.names.find_all("sg", value)
    with coded(NotFound="InvalidGroup.NotFound"):
        source_checks.join(caller, port, list(things.values()))


def _keep_attachment(_caller: Caller, _port: Row, _value: Mapping[str, Any]) -> None:
    raise Fault(
        "UnsupportedOperation",
        "Whether an interface ends with its instance is decided by who made it: those that "
        "RunInstances made do, those of CreateNetworkInterface stay.",
    )


CHANGES: dict[str, Callable[[Caller, Row, Any], None]] = {
    "Attachment": _keep_attachment,
    "Description": _describe_as,
    "Groups": _join,
    "SourceDestCheck": _check,
}
READ: dict[str, Callable[[Row], Row]] = {
    "attachment": lambda item: {"Attachment": item["Attachment"]},
    "description": lambda item: {"Description": {"Value": item["Description"]}},
    "groupSet": lambda item: {"Groups": item["Groups"]},
    "sourceDestCheck": lambda item: {"SourceDestCheck": {"Value": item["SourceDestCheck"]}},
}
"""Attribute > its part of the answer."""
