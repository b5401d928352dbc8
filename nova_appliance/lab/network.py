# SPDX-License-Identifier: Apache-2.0
"""The wires of a lab: two bridges on this machine, and a namespace with two cards for each host.

Hosts have no default route and this machine forwards nothing for them: nothing leaves the lab.
"""

from __future__ import annotations

import json

from nova_appliance.common.errors import Conflict
from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.lab.shape import GATEWAY, Lab, LabHost


def refuse_taken(lab: Lab) -> None:
    """Raises Conflict when another card of this machine has an address of the lab's net."""
    for row in json.loads(run(["ip", "-json", "addr", "show"])):
        name, has = row.get("ifname"), row.get("addr_info", ())
        taken = [one["local"] for one in has if one.get("local", "").startswith(f"{lab.net}.")]
        if taken and name not in (lab.bridge, lab.outside):
            raise Conflict(f"{name} has {taken[0]}: let --net name a net that is free.")


def make_bridges(lab: Lab) -> None:
    """Both bridges with this machine's addresses on them; done again, it finds them."""
    for bridge, third in ((lab.bridge, 0), (lab.outside, 1)):
        if not has_link(bridge):
            run(["ip", "link", "add", bridge, "type", "bridge", "mcast_snooping", "0"])
        address = f"{lab.net}.{third}.{GATEWAY}/24"
        run(["ip", "addr", "replace", address, "dev", bridge])
        run(["ip", "link", "set", bridge, "up"])


def namespace(lab: Lab, host: LabHost) -> str:
    """The name of the host's network namespace."""
    return f"{lab.prefix}{host.name}"


def connect(lab: Lab, host: LabHost) -> None:
    """The host's namespace and cards; what a killed run left of them is replaced."""
    name = namespace(lab, host)
    disconnect(lab, host)
    run(["ip", "netns", "add", name])
    run(["ip", "-n", name, "link", "set", "lo", "up"])
    for outer, inner, bridge in lab.links(host):
        peer = ["peer", "name", inner, "netns", name]
        run(["ip", "link", "add", outer, "type", "veth", *peer])
        run(["ip", "link", "set", outer, "master", bridge, "up"])
        run(["ip", "-n", name, "link", "set", inner, "up"])
    run(["ip", "-n", name, "addr", "add", f"{lab.address(host.number)}/24", "dev", "eth0"])


def disconnect(lab: Lab, host: LabHost) -> None:
    """Take the host's cards and namespace away; nothing there is fine."""
    for outer, _, _ in lab.links(host):
        remove_link(outer)
    remove_namespace(namespace(lab, host))


def namespaces(prefix: str) -> tuple[str, ...]:
    """Names of the network namespaces that begin so."""
    words = (line.split()[0] for line in run(["ip", "netns", "list"]).splitlines() if line)
    return tuple(word for word in words if word.startswith(prefix))


def ports_of(bridge: str) -> tuple[str, ...]:
    """Names of the cards on a bridge."""
    if not has_link(bridge):
        return ()
    rows = json.loads(run(["ip", "-json", "link", "show", "master", bridge]) or "[]")
    return tuple(row["ifname"] for row in rows if "ifname" in row)


def has_link(name: str) -> bool:
    """Whether this machine has such a network card."""
    rows = json.loads(run(["ip", "-json", "link", "show"]))
    return any(row.get("ifname") == name for row in rows)


def remove_link(name: str) -> None:
    """Delete it; nothing there is fine, also when it goes at that moment with its end in a host."""
    if has_link(name):
        try:
            run(["ip", "link", "del", name])
        except ProgramFailed:
            if has_link(name):
                raise


def remove_namespace(name: str) -> None:
    """Delete it; nothing there is fine."""
    if name in namespaces(name):
        run(["ip", "netns", "del", name])
