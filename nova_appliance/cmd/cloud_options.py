# SPDX-License-Identifier: Apache-2.0
"""nova.conf of embedded mode: written at each start, read like any other."""

from __future__ import annotations

import os
from pathlib import Path

from oslo_config import cfg

from nova_appliance.cmd import cloud_certificates, cloud_consoles
from nova_appliance.conf import load
from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.settings import Settings

TRANSPORT_URL = "fake://nova-appliance/"


def write(settings: Settings) -> cfg.ConfigOpts:
    """Write `state_dir`/nova.conf, readable by its owner only, and load it."""
    path = settings.state_dir / "nova.conf"
    beside = path.with_suffix(".new")
    beside.touch(mode=0o600)
    beside.write_text(_text(settings))
    os.replace(beside, path)  # noqa: PTH105 - one atomic step
    return load.load(files=[str(path)])


def _text(settings: Settings) -> str:
    parts = []
    for group, options in _options(settings).items():
        lines = [f"{name} = {value}" for name, value in options.items()]
        parts.append("\n".join((f"[{group}]", *lines)))
    return "\n\n".join(("# Written at each start of nova-appliance.", *parts)) + "\n"


def _options(settings: Settings) -> dict[str, dict[str, object]]:
    folder = settings.state_dir / "nova"
    folder.mkdir(parents=True, exist_ok=True)
    groups: dict[str, dict[str, object]] = {
        "DEFAULT": {
            "transport_url": TRANSPORT_URL,
            "my_ip": settings.host,
            "state_path": folder,
            "compute_driver": settings.compute_driver,
            "osapi_compute_listen": settings.host,
            "osapi_compute_listen_port": settings.compute_port,
            "cpu_allocation_ratio": 16.0,
            "config_drive_by_default": "true",
            "allow_resize_to_same_host": True,
            "vif_plugging_timeout": 0,  # the miniature plugs ports itself, and at once
        },
        "api_database": {"connection": _sqlite(folder, "nova_api")},
        "database": {"connection": _sqlite(folder, "nova")},
        "service_user": {
            "auth_url": settings.identity_url,
            "password": settings_.secrets(settings).service_passwords["nova"],
            "region_name": settings.region,
        },
        "ec2": {"objects_path": settings.state_dir / "objects"},
        "neutron": {
            "service_metadata_proxy": "true",
            "metadata_proxy_shared_secret": settings_.metadata_secret(settings),
        },
        "conductor": {"poll_interval": 1.0, "lease": 6},
    }
    for more in (cloud_consoles.options(settings), cloud_certificates.options(settings)):
        for group, values in more.items():
            groups[group] = groups.get(group, {}) | values
    return groups


def _sqlite(folder: Path, name: str) -> str:
    return f"sqlite:///{folder}/{name}.sqlite"
