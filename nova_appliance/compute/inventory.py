# SPDX-License-Identifier: Apache-2.0
"""Tells the conductor what the host has and how much of it may be claimed."""

from __future__ import annotations

import msgspec
from oslo_config import cfg

from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.compute.agent import Agent
from nova_appliance.domain import device_specs, pci
from nova_appliance.domain.host import Inventory, Limits
from nova_appliance.rpc.orders import PutInventory

MIB_PER_GIB = 1024


def send(agent: Agent) -> None:
    """Report the host's resources once. Raises Unavailable when nobody hears."""
    seen = _offered(agent.conf, agent.driver.inventory.read())
    order = PutInventory(host=agent.host, inventory=seen, limits=limits(agent.conf, seen))
    agent.rpc.call("conductor", "put_inventory", order, contexts.for_background())


def _offered(conf: cfg.ConfigOpts, seen: Inventory) -> Inventory:
    """Less the devices that are not for guests. Raises Invalid for options that say nothing."""
    try:
        specs = device_specs.specs_of(conf.pci.device_spec)
    except pci.BadRequest as error:
        raise errors.Invalid(str(error)) from error
    devices = device_specs.offered(seen.devices, specs, conf.devices.enabled_mdev_types)
    return msgspec.structs.replace(seen, devices=devices)


def limits(conf: cfg.ConfigOpts, seen: Inventory) -> Limits:
    """(total - reserved) * ratio of each resource."""
    reserved_gib = -(-conf.reserved_host_disk_mb // MIB_PER_GIB)
    return Limits(
        vcpus=_limit(seen.vcpus, conf.reserved_host_cpus, conf.cpu_allocation_ratio),
        memory_mib=_limit(seen.memory_mib, conf.reserved_host_memory_mb, conf.ram_allocation_ratio),
        disk_gib=_limit(seen.disk_gib, reserved_gib, conf.disk_allocation_ratio),
    )


def _limit(total: int, reserved: int, ratio: float) -> int:
    return int(max(0, total - reserved) * ratio)
