# SPDX-License-Identifier: Apache-2.0
"""Volumes that are chains of files: a new one is laid over, files become one.

QEMU does it under a guest that is on, qemu-img for all others. Names are those of one folder.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import libvirt
import msgspec
from lxml import etree

from nova_appliance.common import clock
from nova_appliance.common.errors import Refused
from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.domain.guest import Merge, Volume
from nova_appliance.virt.driver import HypervisorFailed
from nova_appliance.virt.libvirt.xml.disk import name_of
from nova_appliance.virt.libvirt.xml.element import Element, element

OVERLAY = "qcow2"
_MERGE_S = 24 * 3600.0
_LOOK_EVERY_S = 0.1
_OVER = (
    libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY
    | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_NO_METADATA
    | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REUSE_EXT
    | libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_ATOMIC
)
_QUIESCE = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_QUIESCE

Chain = dict[str, str]
"""Files of a volume, the one in use first, each with its format as the one above it says: what a
guest has written is never asked."""


def lay_over(domain: libvirt.virDomain | None, volume: Volume, name: str) -> Volume:
    """Let `name` take what is written from now on; `domain` is the guest, if it is on."""
    new = _beside(volume, name)
    if domain is None:
        if volume.path not in tuple(_files(new, OVERLAY))[:2]:
            raise Refused(f"{name} does not lie over the file of volume {volume.volume_id}.")
        return _at(volume, new)
    disk = _disk(domain, volume)
    if _first(_live_files(disk)) != new:
        _over(domain, name_of(disk), new)
    return _at(volume, new)


def merge(domain: libvirt.virDomain | None, volume: Volume, wanted: Merge) -> Volume:
    """Commit down into `into`, or pull up into the file in use what lies above `top`."""
    top = _beside(volume, wanted.top) if wanted.top else None
    into = _beside(volume, wanted.into) if wanted.into else None
    if domain is not None:
        return _merge_live(domain, volume, top, into)
    chain = _files(volume.path, volume.file_format)
    if into is None:
        _pull_off(chain, top)
        return volume
    return _commit_off(chain, volume, top or volume.path, into)


def _over(domain: libvirt.virDomain, device: str, new: str) -> None:
    """All other disks stay as they are; an agent in the guest freezes its file systems, if it can."""
    named = etree.fromstring(domain.XMLDesc(0)).iterfind("devices/disk/target")
    others = [one.get("dev") for one in named if one.get("dev") != device]
    over = element(
        "disk",
        element("driver", type=OVERLAY),
        element("source", file=new),
        name=device,
        snapshot="external",
        type="file",
    )
    rest = [element("disk", name=other, snapshot="no") for other in others]
    xml = etree.tostring(
        element("domainsnapshot", element("disks", over, *rest)), encoding="unicode"
    )
    try:
        domain.snapshotCreateXML(xml, _OVER | _QUIESCE)
    except libvirt.libvirtError:  # no agent, or it cannot
        domain.snapshotCreateXML(xml, _OVER)


def _merge_live(
    domain: libvirt.virDomain, volume: Volume, top: str | None, into: str | None
) -> Volume:
    device = name_of(_disk(domain, volume))
    _follow(domain, device)  # what a process that died began
    chain = _live_files(_disk(domain, volume))
    if into is None:
        if _lies_between(chain, top):
            relative = libvirt.VIR_DOMAIN_BLOCK_REBASE_RELATIVE if top else 0
            _kept_relative(lambda flags: domain.blockRebase(device, top, 0, flags), relative)
            _follow(domain, device)
        return _as_now(domain, volume)
    first = top or _first(chain)
    if _is_to_go(chain, first, into):
        if first == _first(chain):
            active = libvirt.VIR_DOMAIN_BLOCK_COMMIT_ACTIVE
            domain.blockCommit(device, into, None, 0, active)
        else:
            relative = libvirt.VIR_DOMAIN_BLOCK_COMMIT_RELATIVE
            _kept_relative(
                lambda flags: domain.blockCommit(device, into, first, 0, flags), relative
            )
        _follow(domain, device)
    return _as_now(domain, volume)


def _kept_relative(deed: Callable[[int], object], relative: int) -> None:
    """Names in headers stay those of one folder; a file that names its lower one wholly goes on so."""
    try:
        deed(relative)
    except libvirt.libvirtError as error:
        if not relative or error.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID:
            raise
        deed(0)


def _as_now(domain: libvirt.virDomain, volume: Volume) -> Volume:
    chain = _live_files(_disk(domain, volume))
    return _at(volume, _first(chain), chain[_first(chain)])


def _follow(domain: libvirt.virDomain, device: str) -> None:
    """Wait until no job is on the disk; one that has both files the same is ended there."""

    def is_over() -> bool:
        job = domain.blockJobInfo(device)
        if not job:
            return True
        if job["type"] == libvirt.VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT and _is_ready(
            domain, device
        ):
            domain.blockJobAbort(device, libvirt.VIR_DOMAIN_BLOCK_JOB_ABORT_PIVOT)
        return False

    if not clock.wait_for(is_over, _MERGE_S, _LOOK_EVERY_S):
        raise HypervisorFailed(f"The files of {device} did not become one in {_MERGE_S:.0f} s.")


def _is_ready(domain: libvirt.virDomain, device: str) -> bool:
    """Whether the job mirrors: libvirt says so beside the disk itself."""
    for disk in etree.fromstring(domain.XMLDesc(0)).iterfind("devices/disk"):
        mirror = disk.find("mirror")
        if mirror is not None and name_of(disk) == device:
            return bool(mirror.get("ready") == "yes")
    return False


def _pull_off(chain: Chain, top: str | None) -> None:
    if not _lies_between(chain, top):
        return
    base = ["-b", Path(top).name, "-F", chain[top]] if top else ["-b", ""]
    run(["qemu-img", "rebase", "-q", "-f", OVERLAY, *base, _first(chain)], timeout_s=_MERGE_S)


def _commit_off(chain: Chain, volume: Volume, first: str, into: str) -> Volume:
    files = list(chain)
    if not _is_to_go(chain, first, into):
        return _at(volume, files[0], chain[files[0]])
    argv = ["qemu-img", "commit", "-q", "-d", "-f", OVERLAY, "-b", into, first]
    run(argv, timeout_s=_MERGE_S)
    if first == files[0]:
        return _at(volume, into, chain[into])
    base = ["-b", Path(into).name, "-F", chain[into]]
    argv = ["qemu-img", "rebase", "-q", "-u", "-f", OVERLAY, *base]
    run([*argv, files[files.index(first) - 1]], timeout_s=_MERGE_S)
    return volume


def _lies_between(chain: Chain, top: str | None) -> bool:
    """Whether there is a file between the one in use and `top`. Raises Refused when that is none."""
    if top is None:
        return len(chain) > 1
    if top not in chain:
        raise Refused(f"{Path(top).name} is no file of the volume.")
    return list(chain).index(top) > 1


def _is_to_go(chain: Chain, first: str, into: str) -> bool:
    """Whether `first` is still there above `into`. Raises Refused when `into` is not below it."""
    files = list(chain)
    if into not in files or ((first in files[files.index(into) :]) and first != into):
        raise Refused(f"{Path(into).name} does not lie below {Path(first).name}.")
    return first in files and first != into


def _disk(domain: libvirt.virDomain, volume: Volume) -> Element:
    for disk in etree.fromstring(domain.XMLDesc(0)).iterfind("devices/disk"):
        if disk.findtext("serial") == volume.volume_id:
            return disk
    raise Refused(f"The guest has no volume {volume.volume_id}.")


def _live_files(disk: Element) -> Chain:
    """Raises Refused for a disk that is no file."""
    driver = disk.find("driver")
    found = {_file(disk): "raw" if driver is None else str(driver.get("type"))}
    below = disk.find("backingStore")
    while below is not None and below.find("source") is not None:
        kind = below.find("format")
        found[_file(below)] = "raw" if kind is None else str(kind.get("type"))
        below = below.find("backingStore")
    return found


def _file(layer: Element) -> str:
    source = layer.find("source")
    if source is None or not source.get("file"):
        raise Refused("Only volumes in files can have files laid over.")
    return str(source.get("file"))


def _files(path: str, file_format: str) -> Chain:
    """The same, of a disk that nobody uses."""
    argv = ["qemu-img", "info", "--output=json", "--backing-chain", "-f", file_format, path]
    try:
        told = json.loads(run(argv))
    except ProgramFailed as error:
        raise Refused(f"{Path(path).name} cannot be read: {error.output.strip()}") from error
    return {str(Path(path).parent / one["filename"]): one["format"] for one in told}


def _first(chain: Chain) -> str:
    return next(iter(chain))


def _beside(volume: Volume, name: str) -> str:
    if volume.kind != "file":
        raise Refused("Only volumes in files can have files laid over.")
    if Path(name).name != name:
        raise Refused(f"{name} is no name of a file beside the volume's.")
    return str(Path(volume.path).parent / name)


def _at(volume: Volume, path: str, file_format: str = OVERLAY) -> Volume:
    return msgspec.structs.replace(volume, path=path, file_format=file_format)
