# SPDX-License-Identifier: Apache-2.0
"""GetConsoleOutput, and GetPasswordData for servers whose guests put one there."""

from __future__ import annotations

import base64
from typing import Any

from nova_appliance.actions import console_output
from nova_appliance.common import errors
from nova_appliance.ec2 import servers
from nova_appliance.ec2.caller import Caller

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


def password(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """The encrypted password that the guest told the metadata service, if it did."""
    server = servers.find(caller, params["InstanceId"])
    told = "".join(server.system_metadata.get(part, "") for part in PASSWORD_PARTS)
    return {
        "InstanceId": params["InstanceId"],
        "Timestamp": caller.cloud.clock.now(),
        "PasswordData": told,
    }
