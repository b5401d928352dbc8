# SPDX-License-Identifier: Apache-2.0
"""Volumes of guests: plugged in, taken out, swapped and grown; live in a guest that is on.

A disk is known by its serial, which is the volume's id.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import libvirt
from lxml import etree

from nova_appliance.domain.guest import Merge, Volume
from nova_appliance.domain.volume_usage import VolumeCount
from nova_appliance.virt.libvirt import chains, counts, domains, swaps
from nova_appliance.virt.libvirt.connection import Connection
from nova_appliance.virt.libvirt.lifecycle import Starter
from nova_appliance.virt.libvirt.plugs import DISKS, EACH_S, TRIES, Plugs, devices
from nova_appliance.virt.libvirt.xml.disk import disk, name_of
from nova_appliance.virt.libvirt.xml.domain import volume_part

_OnGuest = Callable[[libvirt.virDomain | None], Volume]


@dataclasses.dataclass(frozen=True)
class LibvirtVolumes:
    """See virt.volumes.Volumes."""

    connection: Connection
    starter: Starter
    tries: int = TRIES
    each_s: float = EACH_S

    @functools.cached_property
    def _plugs(self) -> Plugs:
        return Plugs(self.connection, self.starter, DISKS, self.tries, self.each_s)

    def attach(self, server_id: str, volume: Volume) -> None:
        """See virt.volumes.Volumes."""
        device = disk(volume_part(volume, self.starter.host))
        self._plugs.attach(server_id, volume.volume_id, device)

    def detach(self, server_id: str, volume: Volume) -> None:
        """See virt.volumes.Volumes."""
        self._plugs.detach(server_id, volume.volume_id, f"volume {volume.volume_id}")

    def plugged(self, server_id: str) -> frozenset[str]:
        """See virt.volumes.Volumes."""
        return self._plugs.plugged(server_id)

    def counts(self, server_id: str) -> tuple[VolumeCount, ...]:
        """See virt.volumes.Volumes."""
        return self.connection.call(lambda lent: counts.of(lent, server_id))

    def swap(self, server_id: str, old: Volume, new: Volume) -> None:
        """See virt.volumes.Volumes."""
        with self.starter.locks.hold(server_id):
            self.connection.call(lambda lent: swaps.swap(lent, server_id, old, new))

    def resize(self, server_id: str, volume: Volume) -> None:
        """See virt.volumes.Volumes."""

        def deed(lent: libvirt.virConnect) -> None:
            domain = domains.look_up(lent, server_id)
            if domain is None or not domain.isActive() or volume.kind == "network":
                return
            xml = devices(domain, DISKS, live=True).get(volume.volume_id)
            if xml is not None:
                flags = libvirt.VIR_DOMAIN_BLOCK_RESIZE_BYTES
                domain.blockResize(name_of(etree.fromstring(xml)), swaps.bytes_of(volume), flags)

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
