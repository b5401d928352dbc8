# SPDX-License-Identifier: Apache-2.0
"""Whom the agent of a host talks to: the conductor by RPC, images and volumes by HTTP."""

from __future__ import annotations

import dataclasses

from oslo_config import cfg

from nova_appliance.clients import session
from nova_appliance.clients.images import Images
from nova_appliance.clients.volumes import Volumes
from nova_appliance.rpc.client import Client


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """The doors to them."""

    rpc: Client
    images: Images
    volumes: Volumes


def open_neighbours(conf: cfg.ConfigOpts) -> Neighbours:
    """As nova.conf says; nothing is connected before its first use."""
    opened = session.open_session(conf)
    return Neighbours(rpc=Client(conf), images=Images(opened, conf), volumes=Volumes(opened, conf))
