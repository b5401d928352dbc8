# SPDX-License-Identifier: Apache-2.0
"""How the concerns of the libvirt driver look at domains: by server id, and only at ours."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import libvirt
from lxml import etree

from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.domain.guest import GuestSeen, PowerState
from nova_appliance.virt.driver import NoSuchGuest
from nova_appliance.virt.libvirt.xml.metadata import NAMESPACE

POWER_STATES = {
    libvirt.VIR_DOMAIN_NOSTATE: PowerState.NOSTATE,
    libvirt.VIR_DOMAIN_RUNNING: PowerState.RUNNING,
    libvirt.VIR_DOMAIN_BLOCKED: PowerState.RUNNING,
    libvirt.VIR_DOMAIN_PAUSED: PowerState.PAUSED,
    libvirt.VIR_DOMAIN_SHUTDOWN: PowerState.RUNNING,  # still shutting down
    libvirt.VIR_DOMAIN_SHUTOFF: PowerState.SHUTDOWN,
    libvirt.VIR_DOMAIN_CRASHED: PowerState.CRASHED,
    libvirt.VIR_DOMAIN_PMSUSPENDED: PowerState.SUSPENDED,
}

_UNDEFINE_ALL = (
    libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE
    | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM
    | libvirt.VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA
)
_GONE = (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_OPERATION_INVALID)
_NO_FLAGS = (libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_NO_SUPPORT)
_NETWORK_CARDS = Path("/sys/class/net")

DomainDeed = Callable[[libvirt.virDomain], None]


def look_up(connection: libvirt.virConnect, server_id: str) -> libvirt.virDomain | None:
    """The domain of this server, or None."""
    try:
        return connection.lookupByUUIDString(server_id)
    except libvirt.libvirtError as error:
        if error.get_error_code() in (libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_INVALID_ARG):
            return None
        raise


def get(connection: libvirt.virConnect, server_id: str) -> libvirt.virDomain:
    """Return the domain of this server; raises NoSuchGuest."""
    found = look_up(connection, server_id)
    if found is None:
        raise NoSuchGuest(server_id)
    return found


def power_state(domain: libvirt.virDomain) -> PowerState:
    """Translate libvirt's state of the domain."""
    return POWER_STATES.get(domain.state()[0], PowerState.NOSTATE)


def see(domain: libvirt.virDomain) -> GuestSeen | None:
    """The guest as it is now; None if it went away meanwhile."""
    try:
        return GuestSeen(
            server_id=domain.UUIDString(), name=domain.name(), power_state=power_state(domain)
        )
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def is_ours(domain: libvirt.virDomain) -> bool:
    """Whether the definition carries our metadata; others on the host are not our business."""
    try:
        domain.metadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, NAMESPACE)
    except libvirt.libvirtError as error:
        if error.get_error_code() in (
            libvirt.VIR_ERR_NO_DOMAIN_METADATA,
            libvirt.VIR_ERR_NO_DOMAIN,
        ):
            return False
        raise
    return True


def cut_power(domain: libvirt.virDomain) -> None:
    """Stop the guest at once; one that is off or gone already is fine."""
    try:
        domain.destroy()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _GONE:
            raise


def forget(domain: libvirt.virDomain) -> None:
    """Remove the definition with managed save, snapshots and NVRAM; gone already is fine."""
    try:
        domain.undefineFlags(_UNDEFINE_ALL)
    except libvirt.libvirtError as error:
        if error.get_error_code() in _GONE:
            return
        if error.get_error_code() not in _NO_FLAGS:
            raise
        domain.undefine()


def forget_memory(domain: libvirt.virDomain) -> None:
    """Drop the memory that a suspended guest left, so that it boots."""
    if domain.hasManagedSaveImage():
        domain.managedSaveRemove()


def tap_devices(domain: libvirt.virDomain) -> tuple[str, ...]:
    """Names of our tap devices in the definition."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(domain.XMLDesc(), parser)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return ()
        raise
    names = (target.get("dev", "") for target in root.iterfind("devices/interface/target"))
    return tuple(name for name in names if name.startswith("tap"))


def remove_taps(devices: tuple[str, ...]) -> None:
    """Remove tap devices that outlived their guest."""
    for device in devices:
        if (_NETWORK_CARDS / device).exists():
            with contextlib.suppress(ProgramFailed):  # it went away by itself meanwhile
                run(["ip", "link", "delete", device])
