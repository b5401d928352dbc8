# SPDX-License-Identifier: Apache-2.0
"""Whatever a lab has on this machine, found by name and removed: also after the tool was killed."""

from __future__ import annotations

from nova_appliance.lab import cgroups, mounts, network
from nova_appliance.lab.shape import Lab


def remove(lab: Lab) -> None:
    """Processes, namespaces, links, mounts, files. Layers and downloads stay, for the next lab."""
    cgroups.kill_entering(lab.prefix)
    names = cgroups.names(lab.prefix)
    for name in names:
        cgroups.kill(name)
    for name in network.namespaces(lab.prefix):
        network.remove_namespace(name)
    for bridge in (lab.bridge, lab.outside):
        for port in network.ports_of(bridge):
            network.remove_link(port)
        network.remove_link(bridge)
    for name in names:
        cgroups.remove(name)
    mounts.remove(lab.folder)


def found(lab: Lab) -> tuple[str, ...]:
    """What there is of it: a sentence for each thing."""
    return (
        *(f"cgroup {name}" for name in cgroups.names(lab.prefix)),
        *(f"network namespace {name}" for name in network.namespaces(lab.prefix)),
        *(f"link {one}" for one in (lab.bridge, lab.outside) if network.has_link(one)),
        *(f"mount {one}" for one in mounts.below(lab.folder)),
        *(f"folder {one}" for one in (lab.folder, mounts.going(lab.folder)) if one.exists()),
    )
