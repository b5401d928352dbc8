# SPDX-License-Identifier: Apache-2.0
"""What weighers measure of a host: one number each, before it is normalised and multiplied."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.scheduler.scene import Scene

MOST_DEVICES = 100
"""More devices of a host than these weigh the same."""


def ram(_scene: Scene, host: Candidate) -> float:
    """Memory that is free."""
    return host.free_memory_mib


def cpu(_scene: Scene, host: Candidate) -> float:
    """Virtual CPUs that are free."""
    return host.free_vcpus


def disk(_scene: Scene, host: Candidate) -> float:
    """Local disk that is free."""
    return host.free_disk_gib


def hypervisor_version(_scene: Scene, host: Candidate) -> float:
    """The newer the more."""
    return host.hypervisor_version


def servers(_scene: Scene, host: Candidate) -> float:
    """Servers that are there."""
    return host.servers


def building(_scene: Scene, host: Candidate) -> float:
    """Servers that are being built."""
    return host.building


def failed_builds(_scene: Scene, host: Candidate) -> float:
    """The fewer builds failed lately the more."""
    return -host.failed_builds


def pci(scene: Scene, host: Candidate) -> float:
    """The fewer devices are free the more: they are kept for servers that want them."""
    return -min(len(scene.free_devices(host)), MOST_DEVICES)


def soft_affinity(scene: Scene, host: Candidate) -> float:
    """Members of the request's group, if they like each other."""
    wanted = scene.group is not None and scene.group.policy == "soft-affinity"
    return scene.members.get(host.id, 0) if wanted else 0


def soft_anti_affinity(scene: Scene, host: Candidate) -> float:
    """The fewer members of the request's group the more, if they avoid each other."""
    wanted = scene.group is not None and scene.group.policy == "soft-anti-affinity"
    return -scene.members.get(host.id, 0) if wanted else 0
