# SPDX-License-Identifier: Apache-2.0
"""What libvirt has counted of a guest's volumes since the guest was started."""

from __future__ import annotations

import libvirt
from lxml import etree

from nova_appliance.domain.volume_usage import COUNTED, VolumeCount
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.plugs import DISKS, devices
from nova_appliance.virt.libvirt.xml.disk import name_of

_GONE = (
    libvirt.VIR_ERR_NO_DOMAIN,
    libvirt.VIR_ERR_OPERATION_INVALID,
    libvirt.VIR_ERR_INVALID_ARG,  # the disk went meanwhile
)


def of(lent: libvirt.virConnect, server_id: str) -> tuple[VolumeCount, ...]:
    """By volume id; a guest or a disk that goes meanwhile counts for nothing."""
    domain = domains.look_up(lent, server_id)
    try:
        if domain is None or not domain.isActive():
            return ()
        found = devices(domain, DISKS, live=True)
        return tuple(
            VolumeCount(server_id=server_id, volume_id=volume_id, **_read(domain, found[volume_id]))
            for volume_id in sorted(found)
        )
    except libvirt.libvirtError as error:
        if error.get_error_code() in _GONE:
            return ()
        raise


def _read(domain: libvirt.virDomain, xml: str) -> dict[str, int]:
    *numbers, _errors = domain.blockStats(name_of(etree.fromstring(xml)))  # in the order of COUNTED
    return {name: max(0, number) for name, number in zip(COUNTED, numbers, strict=True)}
