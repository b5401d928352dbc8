# SPDX-License-Identifier: Apache-2.0
"""MonitorInstances, UnmonitorInstances: there are no metrics by the minute, and the answer says so."""

from __future__ import annotations

from typing import Any

from nova_appliance.ec2 import servers
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.parameters import missing


def monitor(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """MonitorInstances: nothing is measured by the minute here, so it stays disabled."""
    return _answer(caller, params)


def unmonitor(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """UnmonitorInstances: it is disabled always."""
    return _answer(caller, params)


def _answer(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    if not params["InstanceIds"]:
        raise missing("InstanceId")
    found = servers.find_all(caller, params["InstanceIds"])
    ids = caller.names.give("i", (server.id for server in found))
    state = {"State": "disabled"}
    return {
        "InstanceMonitorings": [
            {"InstanceId": ids[server.id], "Monitoring": state} for server in found
        ]
    }
