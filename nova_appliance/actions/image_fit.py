# SPDX-License-Identifier: Apache-2.0
"""Whether an image can run on a flavor: its size, its memory, and the hardware both ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nova_appliance.clients.images import Image
from nova_appliance.common import errors
from nova_appliance.domain import hardware, not_offered, numa, root_image
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.server import Server, ServerImage

GIB = 1 << 30


def check(image: Image, flavor: Flavor) -> None:
    """Raise Invalid for an image that is not active, too big for the flavor, or impossible with it."""
    check_hardware(image, flavor)
    if image.status != "active":
        raise errors.Invalid(f"Image {image.id} is not active.")
    if flavor.memory_mib < image.min_ram_mib:
        raise errors.Invalid("Flavor's memory is too small for requested image.")
    if not flavor.root_gib:
        return
    disk_bytes = flavor.root_gib * GIB
    if image.size_bytes > disk_bytes:
        raise errors.Invalid(
            "Flavor's disk is too small for requested image. Flavor disk is "
            f"{disk_bytes} bytes, image is {image.size_bytes} bytes."
        )
    if image.min_disk_gib > flavor.root_gib:
        raise errors.Invalid(
            "Flavor's disk is smaller than the minimum size specified in image metadata. Flavor "
            f"disk is {disk_bytes} bytes, minimum size is {image.min_disk_gib * GIB} bytes."
        )


def check_on_volume(
    image: ServerImage, flavor: Flavor, size_gib: int, *, certificates: Sequence[str] | None
) -> None:
    """Raise Invalid for an image that cannot be on a volume of this size, or run on the flavor."""
    check_hardware(image, flavor)
    if certificates:
        raise errors.Invalid("Image certificate validation is not supported for volumes.")
    if flavor.memory_mib < image.min_ram_mib:
        raise errors.Invalid("Flavor's memory is too small for requested image.")
    if size_gib < image.min_disk_gib:
        raise errors.Invalid(
            f"Volume is smaller than the minimum size specified in image metadata. Volume size is "
            f"{size_gib * GIB} bytes, minimum size is {image.min_disk_gib * GIB} bytes."
        )


def check_hardware(image: ServerImage, flavor: Flavor) -> None:
    """Raise Invalid for what flavor and image ask for and no guest can have."""
    try:
        not_offered.check(flavor.extra_specs, image.properties)
        hardware.read(flavor.extra_specs, image.properties, flavor.vcpus, flavor.memory_mib)
    except hardware.Impossible as error:
        raise errors.Invalid(error.message) from error


def check_same_cells(server: Server, image: ServerImage) -> None:
    """Raise Invalid when a rebuild from the image would group the processors in another way."""
    if _cells(image, server.flavor) != _cells(root_image.of(server), server.flavor):
        raise errors.Invalid(
            "An instance's NUMA topology cannot be changed as part of a rebuild. The image "
            "provided is invalid for this instance."
        )


def check_moves_running(server: Server) -> None:
    """Raise Invalid when the guest has processors for itself: those of another host are others' own."""
    flavor, image = server.flavor, root_image.of(server)
    properties = image.properties if image else {}
    try:
        wanted = hardware.read(flavor.extra_specs, properties, flavor.vcpus, flavor.memory_mib)
    except hardware.Impossible as error:
        raise errors.Invalid(error.message) from error
    if wanted.pinned:
        raise errors.Invalid(
            f"Migration pre-check error: Cannot live migrate instance {server.id} with dedicated"
            " processors (hw:cpu_policy): migrate it while it is off."
        )


def cells(image: ServerImage | None, flavor: Flavor) -> dict[str, str]:
    """What a server's row remembers of its NUMA cells."""
    return numa.remembered(_cells(image, flavor))


def regrouped(known: Mapping[str, str], server: Server, flavor: Flavor) -> dict[str, str]:
    """What a row that knows this remembers from now on, with the cells of the flavor."""
    return numa.regrouped(known, _cells(root_image.of(server), flavor))


def _cells(image: ServerImage | None, flavor: Flavor) -> tuple[numa.NumaCell, ...]:
    """None where the two ask for what cannot be: who wants a guest of them is told elsewhere."""
    properties = image.properties if image else {}
    try:
        return hardware.read(flavor.extra_specs, properties, flavor.vcpus, flavor.memory_mib).cells
    except hardware.Impossible:
        return ()
