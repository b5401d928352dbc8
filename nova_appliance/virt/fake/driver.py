# SPDX-License-Identifier: Apache-2.0
"""The fake driver: every concern, true to the contract, on a Hypervisor without hardware."""

from __future__ import annotations

from nova_appliance.virt.driver import (
    Driver,
)
from nova_appliance.virt.fake.consoles import FakeConsoles
from nova_appliance.virt.fake.diagnostics import FakeDiagnostics
from nova_appliance.virt.fake.hypervisor import Hypervisor
from nova_appliance.virt.fake.inside import FakeInside
from nova_appliance.virt.fake.interfaces import FakeInterfaces
from nova_appliance.virt.fake.inventory import FakeInventory
from nova_appliance.virt.fake.lifecycle import FakeLifecycle, FakePower
from nova_appliance.virt.fake.live import FakeLive
from nova_appliance.virt.fake.moves import FakeMoves
from nova_appliance.virt.fake.snapshots import FakeSnapshots
from nova_appliance.virt.fake.storage import FakeDiskStore, FakeImages
from nova_appliance.virt.fake.suspension import FakeSuspension
from nova_appliance.virt.fake.volumes import FakeShares, FakeVolumes
from nova_appliance.virt.settings import VirtSettings


def open_driver(settings: VirtSettings) -> Driver:
    """Open a driver over the state that the last one left in settings.state_dir."""
    return drive(Hypervisor(settings))


def drive(hypervisor: Hypervisor) -> Driver:
    """Make a driver for a hypervisor that the caller holds, to script failures on it."""
    return Driver(
        name="fake",
        lifecycle=FakeLifecycle(hypervisor),
        power=FakePower(hypervisor),
        inventory=FakeInventory(hypervisor),
        disks=FakeDiskStore(hypervisor),
        images=FakeImages(hypervisor),
        consoles=FakeConsoles(hypervisor),
        suspension=FakeSuspension(hypervisor),
        snapshots=FakeSnapshots(hypervisor),
        diagnostics=FakeDiagnostics(hypervisor),
        interfaces=FakeInterfaces(hypervisor),
        inside=FakeInside(hypervisor),
        moves=FakeMoves(hypervisor),
        volumes=FakeVolumes(hypervisor),
        live=FakeLive(hypervisor),
        shares=FakeShares(hypervisor),
    )
