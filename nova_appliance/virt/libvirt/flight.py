# SPDX-License-Identifier: Apache-2.0
"""One live migration under way: libvirt sends the guest in a thread, another one watches."""

from __future__ import annotations

import concurrent.futures
import contextlib
from typing import Any

import libvirt

from nova_appliance.common import clock
from nova_appliance.domain.guest import Guest
from nova_appliance.domain.migration import ABORT, FORCE, Amount
from nova_appliance.domain.passport import Progress, Welcome
from nova_appliance.virt.libvirt import domains
from nova_appliance.virt.libvirt.connection import Connection, start_events
from nova_appliance.virt.libvirt.xml.moved import disks_to_copy, moved
from nova_appliance.virt.moves import MoveAborted, MoveFailed, Watch
from nova_appliance.virt.settings import LiveSettings

LOOK_EVERY_S = 0.5
_USUAL = (
    libvirt.VIR_MIGRATE_LIVE
    | libvirt.VIR_MIGRATE_PEER2PEER
    | libvirt.VIR_MIGRATE_PERSIST_DEST
    | libvirt.VIR_MIGRATE_UNDEFINE_SOURCE
)


class Flight:
    """Sends one guest; an agent that died may have left libvirt at work, which is then watched."""

    def __init__(
        self,
        connection: Connection,
        guest: Guest,
        welcome: Welcome,
        folder: str,
        options: LiveSettings,
    ) -> None:
        self._connection, self._guest, self._welcome = connection, guest, welcome
        self._folder, self._options = folder, options
        self._volumes = frozenset(volume.volume_id for volume in guest.volumes)
        self._aborted = self._hastened = False
        self._until = float("inf")

    def run(self, watch: Watch) -> None:
        """Return when the guest runs at the target. Raises MoveAborted, MoveFailed."""
        domain = self._domain()
        while domain is not None and _is_at_work(domain):
            self._look(domain, watch)
            clock.SYSTEM.sleep(LOOK_EVERY_S)
            domain = self._domain()
        if domain is None:
            self._must_be_there()
            return
        self._until = clock.SYSTEM.monotonic() + self._patience_s()
        with concurrent.futures.ThreadPoolExecutor(1, "migration") as pool:
            sent = pool.submit(self._send, domain)
            while not concurrent.futures.wait((sent,), LOOK_EVERY_S).done:
                self._look(domain, watch)
            error = sent.exception()
        if isinstance(error, libvirt.libvirtError):
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN or self._domain() is not None:
                raise self._end(error) from error
            self._must_be_there()  # sent by an agent that died, it left while it was looked at
        elif error is not None:
            raise error

    def _send(self, domain: libvirt.virDomain) -> None:
        """Blocks until it is over."""
        running = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_MIGRATABLE)
        lasting = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_INACTIVE)
        parameters: dict[str, Any] = {
            libvirt.VIR_MIGRATE_PARAM_DEST_XML: moved(running, self._welcome, self._folder),
            libvirt.VIR_MIGRATE_PARAM_PERSIST_XML: moved(lasting, self._welcome, self._folder),
        }
        if self._welcome.migrate_to:
            parameters[libvirt.VIR_MIGRATE_PARAM_URI] = self._welcome.migrate_to
        if self._options.bandwidth_mib_s:
            parameters[libvirt.VIR_MIGRATE_PARAM_BANDWIDTH] = self._options.bandwidth_mib_s
        disks = disks_to_copy(running, self._volumes)
        if disks and not self._welcome.shared:
            parameters[libvirt.VIR_MIGRATE_PARAM_MIGRATE_DISKS] = disks
        domain.migrateToURI3(self._welcome.address, parameters, self._flags(copies=bool(disks)))

    def _flags(self, *, copies: bool) -> int:
        flags: int = _USUAL
        if self._welcome.shared or self._volumes:
            flags |= libvirt.VIR_MIGRATE_UNSAFE  # that both see the disks was proved by a file
        if copies and not self._welcome.shared:
            whole, top = libvirt.VIR_MIGRATE_NON_SHARED_DISK, libvirt.VIR_MIGRATE_NON_SHARED_INC
            flags |= whole if self._welcome.whole else top
        for wanted, flag in (
            (self._options.post_copy, libvirt.VIR_MIGRATE_POSTCOPY),
            (self._options.auto_converge, libvirt.VIR_MIGRATE_AUTO_CONVERGE),
            (self._options.native_tls, libvirt.VIR_MIGRATE_TLS),
        ):
            flags |= flag if wanted else 0
        return flags

    def _look(self, domain: libvirt.virDomain, watch: Watch) -> None:
        """Tell how far it is, and do what is wanted; the guest may go while we look."""
        try:
            told = domain.jobStats()
        except libvirt.libvirtError:
            told = {}
        wanted = watch(Progress(memory=_amount(told, "memory"), disk=_amount(told, "disk")))
        if wanted is None and clock.SYSTEM.monotonic() > self._until:
            wanted = self._options.timeout_action
        with contextlib.suppress(libvirt.libvirtError):  # it is over just now
            if wanted == ABORT or self._aborted:  # again: one amid preparations may do nothing
                domain.abortJob()
                self._aborted = True
            elif wanted == FORCE and not self._hastened:
                self._hasten(domain)
                self._hastened = True
            domain.migrateSetMaxDowntime(self._options.downtime_ms, 0)

    def _hasten(self, domain: libvirt.virDomain) -> None:
        """Let it run there at once and fetch what it misses, or hold it until all is sent."""
        if self._options.post_copy:
            domain.migrateStartPostCopy(0)
        else:
            domain.suspend()

    def _end(self, error: libvirt.libvirtError) -> Exception:
        if self._aborted:
            return MoveAborted(self._guest.server_id)
        return MoveFailed(f"libvirt refused: {error}")

    def _patience_s(self) -> float:
        """So much for each GiB of memory and disk."""
        disks_gib = 0 if self._welcome.shared else sum(d.size_gib for d in self._guest.disks)
        gib = max(2, self._guest.memory_mib // 1024 + disks_gib)
        per_gib_s = self._options.timeout_s_per_gib
        return per_gib_s * gib if per_gib_s else float("inf")

    def _domain(self) -> libvirt.virDomain | None:
        """The guest here, if it runs."""

        def deed(lent: libvirt.virConnect) -> libvirt.virDomain | None:
            found = domains.look_up(lent, self._guest.server_id)
            return found if found is not None and _is_running(found) else None

        return self._connection.call(deed)

    def _must_be_there(self) -> None:
        """A guest that is not here runs at the target, or is lost. Raises MoveFailed."""
        start_events()
        try:
            there = libvirt.open(self._welcome.address)
            found = domains.look_up(there, self._guest.server_id)
            if found is not None and found.isActive():
                return
        except libvirt.libvirtError as error:
            raise MoveFailed(f"libvirt at {self._welcome.address}: {error}") from error
        raise MoveFailed(f"The guest of server {self._guest.server_id} runs on neither host.")


def _is_running(domain: libvirt.virDomain) -> bool:
    """Whether it runs here; one that leaves while it is asked does not."""
    try:
        return bool(domain.isActive())
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
            raise
        return False


def _is_at_work(domain: libvirt.virDomain) -> bool:
    try:
        return bool(domain.jobInfo()[0] != libvirt.VIR_DOMAIN_JOB_NONE)
    except libvirt.libvirtError:
        return False


def _amount(told: dict[str, Any], kind: str) -> Amount:
    return Amount(
        total=int(told.get(f"{kind}_total", 0)),
        processed=int(told.get(f"{kind}_processed", 0)),
        remaining=int(told.get(f"{kind}_remaining", 0)),
    )
