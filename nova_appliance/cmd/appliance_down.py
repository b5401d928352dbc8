# SPDX-License-Identifier: Apache-2.0
"""`nova-appliance down`: stop the services; with --purge also remove all that they made here."""

from __future__ import annotations

from functools import partial

import libvirt

from nova_appliance.cmd import appliance_up, cloud_qemu
from nova_appliance.embedded import hypervisor, pids
from nova_appliance.embedded.networks.plane import Plane
from nova_appliance.embedded.progress import Progress
from nova_appliance.embedded.settings import Settings
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection

URI = "qemu:///system"


def down(settings: Settings, *, purge: bool) -> None:
    """Stop by process number. The state directory itself is left to ./appliance, which made it."""
    progress = Progress()
    if pids.stop(appliance_up.pid_file(settings)):
        progress.say("the services are stopped" + ("" if purge else "; servers keep running"))
    else:
        progress.say("the services were not running")
    if purge and settings.state_dir.exists():
        if hypervisor.answers():
            count = Connection(URI, 0).call(partial(_bury, settings=settings))
            progress.say(f"{count} servers removed from libvirt")
        Plane(settings).purge()
        progress.say("networks removed")
        hypervisor.stop(settings.state_dir)
        cloud_qemu.forget(settings)


def _bury(connection: libvirt.virConnect, settings: Settings) -> int:
    """Remove the domains that are ours and whose disks are in our state directory."""
    count = 0
    for domain in connection.listAllDomains():
        if domains.is_ours(domain) and f"{settings.state_dir}/" in domain.XMLDesc():
            taps = domains.tap_devices(domain)
            domains.cut_power(domain)
            domains.forget(domain)
            domains.remove_taps(taps)
            count += 1
    return count
