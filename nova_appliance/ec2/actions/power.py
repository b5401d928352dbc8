# SPDX-License-Identifier: Apache-2.0
"""StartInstances, StopInstances, RebootInstances, TerminateInstances: all ids first, then deeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nova_appliance.actions import delete, find_server, power
from nova_appliance.actions import reboot as rebooting
from nova_appliance.common import errors
from nova_appliance.domain import states
from nova_appliance.domain.server import Server
from nova_appliance.ec2 import server_states, servers
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import missing
from nova_appliance.ec2.protection import is_protected
from nova_appliance.ec2.server_states import (
    PENDING,
    SHUTTING_DOWN,
    STOPPED,
    STOPPING,
    TERMINATED,
    UP,
)

Item = dict[str, Any]


def start(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """StartInstances: what runs already is left alone."""
    done = (UP, PENDING)
    found = _find(caller, params)
    _check(found, "os-start", done, caller)
    return {"StartingInstances": [_change(caller, s, power.start, done) for s in found]}


def stop(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """StopInstances; Force changes nothing, since a stop that is not heeded ends in force."""
    done = (STOPPED, STOPPING)
    found = _find(caller, params)
    _check(found, "os-stop", done, caller)
    return {"StoppingInstances": [_change(caller, s, power.stop, done) for s in found]}


def reboot(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """RebootInstances."""
    found = _find(caller, params)
    _check(found, "reboot SOFT", (), caller)
    for server in found:
        with coded(Conflict="IncorrectInstanceState"):
            rebooting.reboot(caller.cloud, caller.context, server, hard=False)
    return {}


def terminate(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
    """TerminateInstances: done twice it answers the same."""
    found = _find(caller, params, gone=True)
    for server in found:
        if is_protected(server):
            raise Fault(
                "OperationNotPermitted",
                f"{_id(caller, server)} may not be terminated: its 'disableApiTermination' is set.",
            )
        _check_lock(caller, server, "delete")
    done = (TERMINATED, SHUTTING_DOWN)
    return {"TerminatingInstances": [_change(caller, s, _delete, done) for s in found]}


def _delete(cloud: Any, context: Any, server: Server) -> None:
    """What is gone is done."""
    try:
        delete.delete(cloud, context, server)
    except errors.NotFound:
        return


def _find(caller: Caller, params: dict[str, Any], *, gone: bool = False) -> list[Server]:
    if not params.get("InstanceIds"):
        raise missing("InstanceId")
    return servers.find_all(caller, params["InstanceIds"], gone=gone)


def _check(found: list[Server], verb: str, done: tuple[Item, ...], caller: Caller) -> None:
    """Nothing is done unless all can be. Raises Fault: IncorrectInstanceState."""
    for server in found:
        if server_states.state(server) in done:
            continue
        _check_lock(caller, server, verb)
        try:
            states.check(server, verb)
        except errors.Conflict as error:
            name = server_states.state(server)["Name"]
            raise Fault(
                "IncorrectInstanceState",
                f"The instance '{_id(caller, server)}' is not in a state from which it can be "
                f"{states.MOVES[verb].word}ed: it is {name}.",
            ) from error


def _check_lock(caller: Caller, server: Server, verb: str) -> None:
    with coded(Conflict="OperationNotPermitted"):
        states.check_lock(server, verb, is_admin=bool(caller.context.is_admin))


def _change(
    caller: Caller,
    server: Server,
    deed: Callable[[Any, Any, Server], None],
    done: tuple[Item, ...],
) -> Item:
    """Do it and tell the states before and after."""
    before = server_states.state(server)
    if before not in done or (server.state == "error" and not server.deleted):
        with coded(Conflict="IncorrectInstanceState"):
            deed(caller.cloud, caller.context, server)
        server = _again(caller, server)
    return {
        "InstanceId": _id(caller, server),
        "CurrentState": server_states.state(server),
        "PreviousState": before,
    }


def _again(caller: Caller, server: Server) -> Server:
    """The server as it is now; as it was when it is gone already."""
    try:
        return find_server.by_id(caller.cloud, server.id)
    except errors.NotFound:
        gone = list(servers.by_ids(caller, (server.id,), gone=True))
        return gone[0] if gone else server


def _id(caller: Caller, server: Server) -> str:
    return caller.names.one("i", server.id)
