# SPDX-License-Identifier: Apache-2.0
"""Copies of root disks: QEMU mirrors the disk of a guest that is on, qemu-img copies others.

A copy has its name only when it is whole; it has no backing file.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import libvirt
from lxml import etree

from nova_appliance.common import clock, errors, ids
from nova_appliance.common.run import run
from nova_appliance.domain.guest_agent import Quiesce
from nova_appliance.virt.driver import HypervisorFailed, NoGuestAgent, NoSuchDisks, NoSuchImage
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.lifecycle import Starter
from nova_appliance.virt.libvirt.xml.element import element

FORMAT = "qcow2"
ROOT = "disk"
CHUNK_BYTES = 1 << 20
_COPY_TIMEOUT_S = 3600.0
_LOOK_EVERY_S = 0.2
_COPY_FLAGS = libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB


@dataclasses.dataclass(frozen=True)
class LibvirtSnapshots:
    """See virt.driver.Snapshots."""

    starter: Starter
    disk_format: str

    def take(self, server_id: str, image_id: str, quiesce: Quiesce = Quiesce.NO) -> str:
        """See virt.driver.Snapshots."""
        root, target = (
            self.starter.folders.server(server_id) / ROOT,
            self._file(server_id, image_id),
        )
        if not root.is_file():
            raise NoSuchDisks(server_id)
        with self.starter.locks.hold(server_id):
            if target.is_file():
                return FORMAT
            part = target.with_name(target.name + ".part")
            part.unlink(missing_ok=True)
            try:
                self._copy(server_id, root, part, quiesce)
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)
        return FORMAT

    def chunks(self, server_id: str, image_id: str) -> Iterator[bytes]:
        """See virt.driver.Snapshots."""
        try:
            with self._file(server_id, image_id).open("rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    yield chunk
        except FileNotFoundError as error:
            raise NoSuchImage(image_id) from error

    def drop(self, server_id: str, image_id: str) -> None:
        """See virt.driver.Snapshots."""
        self._file(server_id, image_id).unlink(missing_ok=True)

    def _file(self, server_id: str, image_id: str) -> Path:
        if not ids.is_id(image_id):
            raise errors.Invalid(f"{image_id!r} is not an id.")
        return self.starter.folders.server(server_id) / f"snapshot-{image_id}"

    def _copy(self, server_id: str, root: Path, part: Path, quiesce: Quiesce) -> None:
        def deed(lent: libvirt.virConnect) -> bool:
            domain = domains.look_up(lent, server_id)
            if domain is None or not domain.isActive():
                return False
            _mirror(domain, root, part, quiesce)
            return True

        if not self.starter.connection.call(deed):
            argv = ["qemu-img", "convert", "-q", "-f", self.disk_format, "-O", FORMAT]
            run([*argv, str(root), str(part)], timeout_s=_COPY_TIMEOUT_S)


def _mirror(domain: libvirt.virDomain, root: Path, part: Path, quiesce: Quiesce) -> None:
    """Copy until both are the same, then let go: the copy is the disk at that moment."""
    _stop(domain, root)  # what a process that died began
    into = element(
        "disk", element("source", file=str(part)), element("driver", type=FORMAT), type="file"
    )
    domain.blockCopy(str(root), etree.tostring(into, encoding="unicode"), None, _COPY_FLAGS)
    try:
        if not clock.wait_for(lambda: _is_same(domain, root), _COPY_TIMEOUT_S, _LOOK_EVERY_S):
            raise HypervisorFailed(f"{root.name} was not copied in {_COPY_TIMEOUT_S:.0f} s.")
        with _frozen(domain, quiesce):
            _stop(domain, root)
    finally:
        _stop(domain, root)


@contextlib.contextmanager
def _frozen(domain: libvirt.virDomain, quiesce: Quiesce) -> Iterator[None]:
    """Have the guest's agent freeze its file systems meanwhile, if it is to and can."""
    frozen = False
    try:
        if quiesce is not Quiesce.NO:
            domain.fsFreeze()
            frozen = True
    except libvirt.libvirtError as error:
        if quiesce is Quiesce.MUST:
            raise NoGuestAgent(domain.UUIDString(), str(error)) from error
    try:
        yield
    finally:
        if frozen:
            domain.fsThaw()


def _is_same(domain: libvirt.virDomain, root: Path) -> bool:
    job = domain.blockJobInfo(str(root))
    if not job:
        raise HypervisorFailed(f"The copy of {root.name} ended by itself; the disk may be full.")
    return bool(job["cur"] == job["end"] and job["end"] > 0)


def _stop(domain: libvirt.virDomain, root: Path) -> None:
    with contextlib.suppress(libvirt.libvirtError):  # there is no job
        if domain.blockJobInfo(str(root)):
            domain.blockJobAbort(str(root))
