# SPDX-License-Identifier: Apache-2.0
"""SourceDestCheck: a port's security, which takes its groups along; they wait in the port's tags."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from nova_appliance.ec2.caller import Caller

WAITING = "ec2-sg:"
"""Begin of the tag that names a group the port has again when it is checked again."""
Port = Mapping[str, Any]


def put(caller: Caller, port: Port, *, wanted: bool) -> None:
    """Check what a port sends and gets, or let everything through. May be done twice."""
    if wanted == is_on(port):
        return
    if wanted:
        secured = {"port_security_enabled": True, "security_groups": waiting(port)}
        caller.rows.change(caller.context, "ports", port["id"], secured)
        _keep(caller, port, ())
        return
    _keep(caller, port, port["security_groups"])  # before they are gone
    open_ = {"security_groups": [], "port_security_enabled": False}
    caller.rows.change(caller.context, "ports", port["id"], open_)


def join(caller: Caller, port: Port, groups: list[str]) -> None:
    """Put a port into these groups and no others; one that is not checked will be in them."""
    if is_on(port):
        caller.rows.change(caller.context, "ports", port["id"], {"security_groups": groups})
    else:
        _keep(caller, port, groups)


def is_on(port: Port) -> bool:
    """Whether the port is checked."""
    return bool(port.get("port_security_enabled", True))


def waiting(port: Port) -> list[str]:
    """Groups that the port was in when it was checked."""
    tags = port.get("tags") or ()
    return [tag[len(WAITING) :] for tag in tags if tag.startswith(WAITING)]


def _keep(caller: Caller, port: Port, groups: Collection[str]) -> None:
    others = [tag for tag in port.get("tags") or () if not tag.startswith(WAITING)]
    marks = [*others, *(WAITING + group for group in groups)]
    if set(marks) != set(port.get("tags") or ()):
        caller.rows.tag(caller.context, "ports", port["id"], marks)
