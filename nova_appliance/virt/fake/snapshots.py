# SPDX-License-Identifier: Apache-2.0
"""Copies of root disks as records; their bytes are one sector that names the server."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from nova_appliance.domain.guest_agent import Quiesce
from nova_appliance.virt.driver import NoSuchDisks, NoSuchImage
from nova_appliance.virt.fake.hypervisor import FakeSnapshot, Hypervisor

_SECTOR = 512


@dataclasses.dataclass(frozen=True)
class FakeSnapshots:
    """See virt.driver.Snapshots."""

    hypervisor: Hypervisor

    def take(self, server_id: str, image_id: str, quiesce: Quiesce = Quiesce.NO) -> str:
        """See virt.driver.Snapshots; the agents of fake guests always obey."""
        del quiesce
        with self.hypervisor.deed("take"):
            if self.hypervisor.disks.get(server_id) is None:
                raise NoSuchDisks(server_id)
            self.hypervisor.snapshots.put(image_id, FakeSnapshot(server_id=server_id))
        return "raw"

    def chunks(self, server_id: str, image_id: str) -> Iterator[bytes]:
        """See virt.driver.Snapshots."""
        with self.hypervisor.deed("chunks"):
            found = self.hypervisor.snapshots.get(image_id)
        if found is None or found.server_id != server_id:
            raise NoSuchImage(image_id)
        yield server_id.encode().ljust(_SECTOR, b"\0")

    def drop(self, server_id: str, image_id: str) -> None:
        """See virt.driver.Snapshots."""
        with self.hypervisor.deed("drop"):
            found = self.hypervisor.snapshots.get(image_id)
            if found and found.server_id == server_id:
                self.hypervisor.snapshots.drop(image_id)
