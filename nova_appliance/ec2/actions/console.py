# SPDX-License-Identifier: Apache-2.0
"""GetConsoleOutput, GetConsoleScreenshot, and GetPasswordData for servers whose guests put one there."""

from __future__ import annotations

import base64
from typing import Any

from nova_appliance.actions import console_output
from nova_appliance.actions import screenshot as actions
from nova_appliance.common import errors
from nova_appliance.ec2 import servers
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded

PASSWORD_PARTS = tuple(f"password_{part}" for part in range(4))


def output(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """What the guest has said so far; nothing while it has no host."""
    server = servers.find(caller, params["InstanceId"], gone=True)
    text = ""
    if not server.deleted:
        try:
            text = console_output.read(caller.cloud, caller.context, server, None)
        except (errors.Conflict, errors.NotFound):
            text = ""
    return {
        "InstanceId": params["InstanceId"],
        "Timestamp": caller.cloud.clock.now(),
        "Output": base64.b64encode(text.encode(errors="replace")).decode(),
    }


def screenshot(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """GetConsoleScreenshot: a JPEG of a running instance; nobody wakes it for that."""
    if params.get("WakeUp"):
        raise Fault("UnsupportedOperation", "The screen is shown as it is: WakeUp is not built.")
    server = servers.find(caller, params["InstanceId"])
    with coded(Conflict="IncorrectInstanceState", NotFound="IncorrectInstanceState"):
        picture = actions.take(caller.cloud, caller.context, server)
    return {"InstanceId": params["InstanceId"], "ImageData": picture}


def password(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The encrypted password that the guest told the metadata service, if it did."""
    server = servers.find(caller, params["InstanceId"])
    told = "".join(server.system_metadata.get(part, "") for part in PASSWORD_PARTS)
    return {
        "InstanceId": params["InstanceId"],
        "Timestamp": caller.cloud.clock.now(),
        "PasswordData": told,
    }
