# SPDX-License-Identifier: Apache-2.0
"""Whether some host offers the devices that a flavor promises its servers."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import errors
from nova_appliance.db import pci_devices
from nova_appliance.domain import pci
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.server import Server, ServerImage

PROMISES = {pci.VGPU_WORD: "virtual GPUs", pci.ALIAS_WORD: "PCI devices"}


def check(cloud: Cloud, flavor: Flavor, image: ServerImage | None) -> None:
    """Raise Invalid for an unknown alias, and for devices that no host has, free or not."""
    wanted = _wanted(cloud, flavor, image)
    if not wanted:
        return
    with cloud.cells.api.read() as conn:
        offered = pci_devices.all_offered(conn)
    for one in wanted:
        if not any(one.suits(device) for device in offered):
            is_slice = one.aliases[0].device_type == pci.VGPU
            word = pci.VGPU_WORD if is_slice else pci.ALIAS_WORD
            raise errors.Invalid(
                f"{word} asks for {PROMISES[word]} ({one.name}), which no host of this cloud offers."
            )


def check_stays(cloud: Cloud, server: Server) -> None:
    """Raise Invalid when the server has devices: they cannot move with a guest that runs."""
    if _wanted(cloud, server.flavor, server.image):
        raise errors.Invalid(
            f"Migration pre-check error: Cannot live migrate instance {server.id} with PCI devices"
            " or virtual GPUs: migrate it while it is off."
        )


def _wanted(
    cloud: Cloud, flavor: Flavor, image: ServerImage | None
) -> tuple[pci.DeviceRequest, ...]:
    properties = image.properties if image else {}
    try:
        known = pci.aliases_of(cloud.conf.pci.alias)
        return pci.requests(flavor.extra_specs, properties, known)
    except pci.BadRequest as error:
        raise errors.Invalid(str(error)) from error
