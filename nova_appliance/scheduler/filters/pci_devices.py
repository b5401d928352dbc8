# SPDX-License-Identifier: Apache-2.0
"""PciPassthroughFilter: the host must have the devices that the server wants for itself, free."""

from __future__ import annotations

from nova_appliance.db.candidates import Candidate
from nova_appliance.domain.pci import pick
from nova_appliance.scheduler.scene import Scene


def reason(scene: Scene, host: Candidate) -> str | None:
    """Refuse hosts that lack a device, or have none near enough to the guest's memory."""
    if scene.takes is None or not scene.takes.devices:
        return None
    free = scene.free_devices(host)
    if pick(free, scene.takes.devices, scene.takes.cells) is not None:
        return None
    for one in scene.takes.devices:
        has = sum(one.suits(device) for device in free)
        if has < one.count:
            return f"device {one.name}: needs {one.count}, has {has} free"
    return "devices are not free together, or not near enough"
