# SPDX-License-Identifier: Apache-2.0
"""Opens message transports: RabbitMQ for clusters, queues in memory for one process."""

from __future__ import annotations

from pathlib import Path

from oslo_config import cfg

from nova_appliance.rpc import inprocess
from nova_appliance.rpc.door import Door
from nova_appliance.rpc.messaging import NOTICES, oslo_messaging, register_options
from nova_appliance.rpc.messaging import transport as oslo_transport

EXCHANGE = "nova"


def open_transport(conf: cfg.ConfigOpts, url: str | None = None) -> oslo_transport.RPCTransport:
    """The transport at `url`, or at [DEFAULT]transport_url."""
    oslo_messaging.set_transport_defaults(EXCHANGE)
    register_options(conf)
    if url is None:
        url = default_url(conf)
    if not url.startswith("fake:"):
        return oslo_messaging.get_rpc_transport(conf, url=url)
    exchange = inprocess.exchange(url)
    return oslo_transport.RPCTransport(inprocess.InProcessDriver(conf, url, exchange))


def door_to(conf: cfg.ConfigOpts) -> Door:
    """What lets other processes send to the bus inside of this one; it is to be started."""
    return Door(Path(conf.state_path), inprocess.exchange(default_url(conf)).deliver)


def open_for_notices(conf: cfg.ConfigOpts) -> oslo_transport.NotificationTransport:
    """The transport of notifications: a URL of its own, or [DEFAULT]transport_url."""
    oslo_messaging.set_transport_defaults(EXCHANGE)
    register_options(conf)
    url = conf[NOTICES].transport_url or default_url(conf)
    if not url.startswith("fake:"):
        return oslo_messaging.get_notification_transport(conf, url=url)
    driver = inprocess.InProcessDriver(conf, url, inprocess.exchange(url))
    return oslo_transport.NotificationTransport(driver)


def default_url(conf: cfg.ConfigOpts) -> str:
    """[DEFAULT]transport_url."""
    register_options(conf)
    return str(conf.transport_url)
