# SPDX-License-Identifier: Apache-2.0
"""What a host is told of a server: domain.guest.Guest from the row and the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from oslo_config import cfg

from nova_appliance.actions import guest_facts
from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.vendor_data import VendorData
from nova_appliance.conductor import ports
from nova_appliance.domain import attachment as attachments
from nova_appliance.domain import config_drive, devices, guest_data, root_image
from nova_appliance.domain import rescue as rescues
from nova_appliance.domain import share as shares
from nova_appliance.domain import shelf as shelves
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.guest import RESCUE_DISK, Disk, Guest, Volume
from nova_appliance.domain.guest_data import Facts
from nova_appliance.domain.server import Server

_DISK_BUS = "hw_disk_bus"


def new_guest(
    cloud: Cloud, server: Server, given: Sequence[tuple[str, str]] = (), password: str = ""
) -> Guest:
    """A guest that is to be made: it has its EC2 ids, and what its config drive is to hold.

    `given` are files of the user for the drive, which holds the password too. Raises Unavailable when vendor data must be there.
    """
    if not server.config_drive:
        guest_facts.name(cloud, server)  # so that the metadata service need not write
        return guest_of(server, cloud.conf)
    facts = guest_facts.gather(cloud, VendorData(cloud.conf), server, given, password)
    return guest_of(server, cloud.conf, facts)


def guest_of(server: Server, conf: cfg.ConfigOpts, facts: Facts | None = None) -> Guest:
    """The guest of a server whose ports are bound; its config drive holds these facts."""
    flavor, image = server.flavor, root_image.of(server)
    vifs = tuple(ports.vif_of(server, vif) for vif in ports.vifs_of(server))
    drive = _drive(server, conf, facts)
    return Guest(
        server_id=server.id,
        name=guest_name(conf.instance_name_template, server),
        display_name=server.name,
        project_id=server.project_id,
        user_id=server.user_id,
        flavor_name=flavor.name,
        vcpus=flavor.vcpus,
        memory_mib=flavor.memory_mib,
        disks=disks_of(server),
        vifs=vifs,
        config_drive=drive.texts if drive else None,
        config_drive_binary=drive.binary if drive else (),
        config_drive_same=drive.same if drive else {},
        extra_specs=flavor.extra_specs,
        image_properties=image.properties if image else {},
        volumes=tuple(volume_of(one) for one in server.attachments if one.is_reserved),
        shares=tuple(shares.told(one) for one in shares.usable(shares.of(server.system_metadata))),
    )


def volume_of(attachment: attachments.Attachment) -> Volume:
    """A volume as its host is told of it."""
    return Volume(
        volume_id=attachment.volume_id or "",
        attachment_id=attachment.attachment_id or "",
        device=devices.short(attachment.device),
        bus=attachment.bus,
        device_type=attachment.device_type,
        boot_index=attachment.boot_index,
        shared=attachment.shared,
        connection=attachment.connection,
    )


def _drive(server: Server, conf: cfg.ConfigOpts, facts: Facts | None) -> config_drive.Packed | None:
    if not server.config_drive:
        return None
    known = facts or guest_data.of_row(server, conf.api.dhcp_domain)
    return config_drive.packed(config_drive.files(known))


def guest_name(template: str, server: Server) -> str:
    """The hypervisor's name of a server: a template for its number, or for %(uuid)s."""
    if "%(" in template:
        return template % {"uuid": server.id, "id": server.row}
    return template % server.row


def disks_of(server: Server) -> tuple[Disk, ...]:
    """Root disk over the image, then what the flavor adds, or what was asked for in its place."""
    flavor = server.flavor
    image = root_image.of(server)
    bus = image.properties.get(_DISK_BUS, "virtio") if image else "virtio"
    disks = []
    if attachments.root(server.attachments) is None:
        disks.append(_root(server, bus))
    local = [one for one in server.attachments if one.destination == attachments.LOCAL]
    asked = [one for one in local if not one.is_root]
    if asked:
        disks += _asked(asked)
    else:
        disks += _of_flavor(flavor, bus)
    return _with_rescue(tuple(disks), server, bus)


def _root(server: Server, bus: str) -> Disk:
    """The root disk: over the image, or whole from the shelf, or as it was found."""
    image_id = server.image.id if server.image else None
    shelf = shelves.of(server.system_metadata)
    if shelves.ALONE in server.system_metadata:
        image_id = None
    return Disk(
        name="disk",
        size_gib=server.flavor.root_gib,
        image_id=shelf.image_id if shelf else image_id,
        bus=bus,
        whole=shelf is not None,
    )


def _of_flavor(flavor: Flavor, bus: str) -> Iterator[Disk]:
    if flavor.ephemeral_gib:
        yield Disk(name="disk.eph0", size_gib=flavor.ephemeral_gib, purpose="ephemeral", bus=bus)
    if flavor.swap_mib:
        yield Disk(name="disk.swap", size_gib=0, size_mib=flavor.swap_mib, purpose="swap", bus=bus)


def _asked(local: Sequence[attachments.Attachment]) -> Iterator[Disk]:
    """Local disks of a block device mapping; swap has one name, the others a number."""
    number = 0
    for one in local:
        target = devices.short(one.device)
        if one.guest_format == "swap":
            yield Disk(
                name="disk.swap",
                size_gib=0,
                size_mib=one.size_mib,
                purpose="swap",
                bus=one.bus,
                target=target,
            )
            continue
        yield Disk(
            name=f"disk.eph{number}",
            size_gib=one.size_gib or 0,
            purpose="ephemeral",
            bus=one.bus,
            target=target,
        )
        number += 1


def _with_rescue(disks: tuple[Disk, ...], server: Server, bus: str) -> tuple[Disk, ...]:
    """The rescue disk is the first, beside the root disk alone; a stable one is the last of all."""
    rescue = rescues.of(server.system_metadata)
    if rescue is None:
        return disks
    usual = "" if rescue.device == "cdrom" else bus
    disk = Disk(
        name=RESCUE_DISK,
        size_gib=0,
        image_id=rescue.image.id,
        purpose="rescue",
        bus=rescue.bus or usual,
        device=rescue.device,
    )
    if rescue.is_stable:
        return (*disks, disk)
    return (disk, *(own for own in disks if own.purpose == "root"))
