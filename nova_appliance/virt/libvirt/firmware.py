# SPDX-License-Identifier: Apache-2.0
"""Whether the host's firmware can do secure boot: asked of libvirt when a guest wishes for it."""

from __future__ import annotations

import dataclasses

import libvirt
from lxml import etree

from nova_appliance.domain.guest import Guest
from nova_appliance.virt.libvirt.xml.domain import HostTraits, hardware_of

ARCH = "x86_64"


def asked(lent: libvirt.virConnect, guest: Guest, host: HostTraits) -> HostTraits:
    """The host's traits, with what its firmware can where the guest wishes for it."""
    hardware = hardware_of(guest)
    if not hardware.secure_boot_wished or host.virt_type == "test":
        return host
    told = lent.getDomainCapabilities(None, ARCH, hardware.machine, host.virt_type)
    return dataclasses.replace(host, has_secure_boot=can_secure_boot(told))


def can_secure_boot(capabilities: str) -> bool:
    """Read it from the capabilities of domains."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    os = etree.fromstring(capabilities, parser).find("os")
    if os is None or os.get("supported") != "yes":
        return False
    return "yes" in (value.text for value in os.iterfind("loader/enum[@name='secure']/value"))
