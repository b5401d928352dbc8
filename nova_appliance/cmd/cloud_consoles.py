# SPDX-License-Identifier: Apache-2.0
"""Consoles of the cloud in one process: nova-consoleauth and the proxies, as threads."""

from __future__ import annotations

from nova_appliance.actions.cloud import Cloud
from nova_appliance.cmd.wiring import Daemon
from nova_appliance.console.consoleauth import Service
from nova_appliance.console.proxy import Proxy
from nova_appliance.console.xvp import XvpProxy
from nova_appliance.embedded.settings import Settings

PROXIES = {
    "vnc": ("nova-novncproxy",),
    "spice": ("nova-spicehtml5proxy",),
    "serial_console": ("nova-serialproxy",),
}
"""Option group whose `enabled` says whether guests have such consoles > its proxies."""


def make(cloud: Cloud) -> list[Daemon]:
    """What the configuration enables, not started yet."""
    daemons: list[Daemon] = [Service(cloud)]
    for group, binaries in PROXIES.items():
        if cloud.conf[group].enabled:
            daemons += [Proxy(cloud.conf, cloud.rpc, binary) for binary in binaries]
    if cloud.conf.vnc.enabled:
        daemons.append(XvpProxy(cloud.conf, cloud.rpc))
    return daemons


def options(settings: Settings) -> dict[str, dict[str, object]]:
    """The groups of nova.conf that tell where the proxies are; all kinds are on."""
    host, people = settings.host, settings.public_host or settings.host
    return {
        "vnc": {
            "novncproxy_host": host,
            "novncproxy_port": settings.novnc_port,
            "novncproxy_base_url": f"http://{people}:{settings.novnc_port}/vnc_auto.html",
            "xvpvncproxy_host": host,
            "xvpvncproxy_port": settings.xvpvnc_port,
            "xvpvncproxy_base_url": f"http://{people}:{settings.xvpvnc_port}/console",
        },
        "spice": {
            "enabled": "true",
            "html5proxy_host": host,
            "html5proxy_port": settings.spice_port,
            "html5proxy_base_url": f"http://{people}:{settings.spice_port}/spice_auto.html",
        },
        "serial_console": {
            "enabled": "true",
            "serialproxy_host": host,
            "serialproxy_port": settings.serial_port,
            "base_url": f"ws://{people}:{settings.serial_port}/",
        },
    }
