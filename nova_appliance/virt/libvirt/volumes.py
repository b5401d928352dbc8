# SPDX-License-Identifier: Apache-2.0
"""Volumes of guests: plugged in, taken out, swapped and grown; live in a guest that is on.

A disk is known by its serial, which is the volume's id. A guest lets go of it by itself.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

import libvirt
from lxml import etree

from nova_appliance.common import clock
from nova_appliance.domain.guest import Merge, Volume
from nova_appliance.virt.driver import CannotNow, DeviceHeld, HypervisorFailed
from nova_appliance.virt.libvirt import chains, domains
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.interfaces import EACH_S, KEPT, LIVE, TRIES
from nova_appliance.virt.libvirt.lifecycle import Starter
from nova_appliance.virt.libvirt.xml.disk import disk
from nova_appliance.virt.libvirt.xml.domain import volume_part
from nova_appliance.virt.libvirt.xml.element import element

_OnGuest = Callable[[libvirt.virDomain | None], Volume]
_COPY_S = 24 * 3600.0
_LOOK_EVERY_S = 0.1
_SWAP_FLAGS = libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT | libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB
_ALREADY = (libvirt.VIR_ERR_DEVICE_MISSING, libvirt.VIR_ERR_OPERATION_FAILED)


@dataclasses.dataclass(frozen=True)
class LibvirtVolumes:
    """See virt.volumes.Volumes."""

    connection: Connection
    starter: Starter
    tries: int = TRIES
    each_s: float = EACH_S

    def attach(self, server_id: str, volume: Volume) -> None:
        """See virt.volumes.Volumes."""
        xml = self._xml(volume)
        with self.starter.locks.hold(server_id):
            self.connection.call(lambda lent: _attach(lent, server_id, volume, xml))

    def detach(self, server_id: str, volume: Volume) -> None:
        """See virt.volumes.Volumes."""
        with self.starter.locks.hold(server_id):
            for _ in range(self.tries):
                if self.connection.call(lambda lent: _detach(lent, server_id, volume)):
                    return
                if clock.wait_for(lambda: self._is_out(server_id, volume), self.each_s, 0.1):
                    return
        raise DeviceHeld(server_id, f"volume {volume.volume_id}")

    def plugged(self, server_id: str) -> frozenset[str]:
        """See virt.volumes.Volumes."""

        def deed(lent: libvirt.virConnect) -> frozenset[str]:
            domain = domains.look_up(lent, server_id)
            return frozenset() if domain is None else frozenset(_disks(domain, live=True))

        return self.connection.call(deed)

    def swap(self, server_id: str, old: Volume, new: Volume) -> None:
        """See virt.volumes.Volumes."""
        with self.starter.locks.hold(server_id):
            self.connection.call(lambda lent: _swap(lent, server_id, old, new))

    def resize(self, server_id: str, volume: Volume) -> None:
        """See virt.volumes.Volumes."""

        def deed(lent: libvirt.virConnect) -> None:
            domain = domains.look_up(lent, server_id)
            if domain is not None and domain.isActive() and volume.kind != "network":
                size = _bytes_of(volume.path)
                domain.blockResize(volume.device, size, libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES)

        with self.starter.locks.hold(server_id):
            self.connection.call(deed)

    def lay_over(self, server_id: str, volume: Volume, name: str) -> Volume:
        """See virt.volumes.Volumes."""
        return self._chain(server_id, lambda domain: chains.lay_over(domain, volume, name))

    def merge(self, server_id: str, volume: Volume, merge: Merge) -> Volume:
        """See virt.volumes.Volumes."""
        return self._chain(server_id, lambda domain: chains.merge(domain, volume, merge))

    def _chain(self, server_id: str, deed: _OnGuest) -> Volume:
        """Give the deed the guest, if it is on."""

        def run(lent: libvirt.virConnect) -> Volume:
            domain = domains.look_up(lent, server_id)
            return deed(domain if domain is not None and domain.isActive() else None)

        with self.starter.locks.hold(server_id):
            return self.connection.call(run)

    def _is_out(self, server_id: str, volume: Volume) -> bool:
        return volume.volume_id not in self.plugged(server_id)

    def _xml(self, volume: Volume) -> str:
        return etree.tostring(disk(volume_part(volume, self.starter.host)), encoding="unicode")


def _attach(lent: libvirt.virConnect, server_id: str, volume: Volume, xml: str) -> None:
    """A guest that is not defined gets the volume when it is started."""
    domain = domains.look_up(lent, server_id)
    if domain is None:
        return
    if domain.isActive() and volume.volume_id not in _disks(domain, live=True):
        domain.attachDeviceFlags(xml, LIVE)
    if domain.isPersistent() and volume.volume_id not in _disks(domain, live=False):
        domain.attachDeviceFlags(xml, KEPT)


def _detach(lent: libvirt.virConnect, server_id: str, volume: Volume) -> bool:
    """Ask for the disk; whether it is out already."""
    domain = domains.look_up(lent, server_id)
    if domain is None:
        return True
    kept = _disks(domain, live=False).get(volume.volume_id) if domain.isPersistent() else None
    if kept is not None:
        domain.detachDeviceFlags(kept, KEPT)
    live = _disks(domain, live=True).get(volume.volume_id) if domain.isActive() else None
    if live is None:
        return True
    try:
        domain.detachDeviceFlags(live, LIVE)
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _ALREADY:  # asked already, or it went just now
            raise
    return False


def _swap(lent: libvirt.virConnect, server_id: str, old: Volume, new: Volume) -> None:
    """The disk keeps its serial: the volume service lets the new place belong to the old volume."""
    domain = domains.get(lent, server_id)
    if not domain.isActive():
        raise CannotNow(server_id, "copy a volume")
    xml = _disks(domain, live=True).get(old.volume_id)
    if xml is not None and new.path not in _sources(xml):
        _copy_over(domain, old, new)


def _sources(xml: str) -> set[str | None]:
    source = etree.fromstring(xml).find("source")
    return set() if source is None else {source.get("file"), source.get("dev")}


def _copy_over(domain: libvirt.virDomain, old: Volume, new: Volume) -> None:
    """Mirror the old disk to the new one until both are the same, then let the guest use that."""
    if _bytes_of(old.path) != _bytes_of(new.path):
        raise HypervisorFailed(f"Volume {new.volume_id} has another size than {old.volume_id}.")
    into = element(
        "disk",
        element("source", **{"dev" if new.kind == "block" else "file": new.path}),
        element("driver", type=new.file_format),
        type=new.kind,
    )
    if not domain.blockJobInfo(old.device):
        text = etree.tostring(into, encoding="unicode")
        domain.blockCopy(old.device, text, None, _SWAP_FLAGS)

    def is_same() -> bool:
        job = domain.blockJobInfo(old.device)
        if not job:
            raise HypervisorFailed(f"The copy of {old.device} ended by itself.")
        return bool(job["cur"] == job["end"] and job["end"] > 0)

    if not clock.wait_for(is_same, _COPY_S, _LOOK_EVERY_S):
        domain.blockJobAbort(old.device)
        raise HypervisorFailed(f"{old.device} was not copied in {_COPY_S:.0f} s.")
    domain.blockJobAbort(old.device, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)


def _disks(domain: libvirt.virDomain, *, live: bool) -> dict[str, str]:
    """Serial > XML of the guest's disks that have one, now or at its next start."""
    flags = 0 if live and domain.isActive() else libvirt.VIR_DOMAIN_XML_INACTIVE
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    root = etree.fromstring(domain.XMLDesc(flags), parser)
    found = {}
    for part in root.iterfind("devices/disk"):
        serial = part.findtext("serial")
        if serial:
            found[serial] = etree.tostring(part, encoding="unicode")
    return found


def _bytes_of(path: str) -> int:
    with open(path, "rb") as file:  # noqa: PTH123 - a block device has no size but its end
        return file.seek(0, os.SEEK_END)
