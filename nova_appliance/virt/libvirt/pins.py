# SPDX-License-Identifier: Apache-2.0
"""Which processors of the host a guest with hw:cpu_policy dedicated gets for itself.

The definitions of all guests are the book: what one of them is pinned to is taken, on or off.
"""

from __future__ import annotations

import libvirt
from lxml import etree

from nova_appliance.domain.guest import Guest
from nova_appliance.virt.driver import HypervisorFailed
from nova_appliance.virt.libvirt.xml.domain import HostTraits, hardware_of


def choose(lent: libvirt.virConnect, guest: Guest, host: HostTraits) -> tuple[int, ...]:
    """A processor for each of the guest's; none if it shares. Raises HypervisorFailed."""
    if not hardware_of(guest).pinned:
        return ()
    taken = {
        cpu
        for domain in lent.listAllDomains()
        if domain.UUIDString() != guest.server_id
        for cpu in _pinned(domain)
    }
    free = [cpu for cpu in host.dedicated_cpus if cpu not in taken]
    if len(free) < guest.vcpus:
        raise HypervisorFailed(
            f"The host has {len(free)} free processors in [compute]cpu_dedicated_set; a guest with"
            f" hw:cpu_policy dedicated needs {guest.vcpus}."
        )
    return tuple(free[: guest.vcpus])


def _pinned(domain: libvirt.virDomain) -> frozenset[int]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE), parser)
    sets = (pin.get("cpuset", "") for pin in root.iterfind("cputune/vcpupin"))
    return frozenset(int(cpus) for cpus in sets if cpus.isdigit())
