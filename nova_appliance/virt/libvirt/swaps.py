# SPDX-License-Identifier: Apache-2.0
"""A volume of a running guest copied to another, which the guest uses from then on."""

from __future__ import annotations

import json
import os

import libvirt
from lxml import etree

from nova_appliance.common import clock
from nova_appliance.common.run import run
from nova_appliance.domain.guest import Volume
from nova_appliance.virt.driver import CannotNow, HypervisorFailed
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.plugs import DISKS, devices
from nova_appliance.virt.libvirt.xml.disk import name_of
from nova_appliance.virt.libvirt.xml.element import element

_COPY_S = 24 * 3600.0
_LOOK_EVERY_S = 0.1
_SWAP_FLAGS = libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT | libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB


def swap(lent: libvirt.virConnect, server_id: str, old: Volume, new: Volume) -> None:
    """The disk keeps its serial: the volume service lets the new place belong to the old volume."""
    domain = domains.get(lent, server_id)
    if not domain.isActive():
        raise CannotNow(server_id, "copy a volume")
    xml = devices(domain, DISKS, live=True).get(old.volume_id)
    if xml is not None and new.path not in _sources(xml):
        _copy_over(domain, name_of(etree.fromstring(xml)), new)


def _sources(xml: str) -> set[str | None]:
    source = etree.fromstring(xml).find("source")
    return set() if source is None else {source.get("file"), source.get("dev")}


def _copy_over(domain: libvirt.virDomain, name: str, new: Volume) -> None:
    """Mirror the disk to the new one until both are the same, then let the guest use that."""
    if domain.blockInfo(name)[0] != bytes_of(new):
        raise HypervisorFailed(f"Volume {new.volume_id} has another size than disk {name}.")
    into = element(
        "disk",
        element("source", **{"dev" if new.kind == "block" else "file": new.path}),
        element("driver", type=new.file_format),
        type=new.kind,
    )
    if not domain.blockJobInfo(name):
        text = etree.tostring(into, encoding="unicode")
        domain.blockCopy(name, text, None, _SWAP_FLAGS)

    def is_same() -> bool:
        job = domain.blockJobInfo(name)
        if not job:
            raise HypervisorFailed(f"The copy of {name} ended by itself.")
        return bool(job["cur"] == job["end"] and job["end"] > 0)

    if not clock.wait_for(is_same, _COPY_S, _LOOK_EVERY_S):
        domain.blockJobAbort(name)
        raise HypervisorFailed(f"{name} was not copied in {_COPY_S:.0f} s.")
    domain.blockJobAbort(name, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)


def bytes_of(volume: Volume) -> int:
    """Size of the disk that a guest sees in a file or a block device, which may be in use."""
    if volume.file_format != "raw":
        argv = ["qemu-img", "info", "-U", "--output=json", "-f", volume.file_format, volume.path]
        return int(json.loads(run(argv))["virtual-size"])
    with open(volume.path, "rb") as file:  # noqa: PTH123 - a block device has no size but its end
        return file.seek(0, os.SEEK_END)
