# SPDX-License-Identifier: Apache-2.0
"""What actions, sagas and API handlers work with: one frozen object a process, made in cmd/."""

from __future__ import annotations

import dataclasses

from oslo_config import cfg

from nova_appliance.clients.images import Images
from nova_appliance.clients.networks import Networks
from nova_appliance.clients.shares import Shares
from nova_appliance.clients.volumes import Volumes
from nova_appliance.common import clock
from nova_appliance.db.cells import Cells
from nova_appliance.rpc.client import Client
from nova_appliance.rpc.notifier import Notifier


@dataclasses.dataclass(frozen=True)
class Cloud:
    """The databases, the message bus and the neighbours."""

    conf: cfg.ConfigOpts
    cells: Cells
    rpc: Client
    images: Images
    networks: Networks
    volumes: Volumes
    shares: Shares | None = None
    """None where no share service is known."""
    notifier: Notifier | None = None
    """None tells nobody outside of anything."""
    clock: clock.Clock = clock.SYSTEM
