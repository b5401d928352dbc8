# SPDX-License-Identifier: Apache-2.0
"""The authority of the cloud in one process: a folder of its state, nova-cert's before it starts."""

from __future__ import annotations

import ipaddress

from nova_appliance.cert import files, hosts
from nova_appliance.cert.authority import Authority
from nova_appliance.cert.folder import Folder
from nova_appliance.cert.place import Place
from nova_appliance.common import ids
from nova_appliance.domain.certificate import make_wish
from nova_appliance.embedded.settings import Settings


def authority(settings: Settings) -> Authority:
    """The authority, its root made when it is missing."""
    made = Authority(Folder(settings.state_dir / "pki" / "authority"))
    made.ensure_root("nova-appliance root")
    made.refresh_list(hosts.LIST_DAYS)
    return made


def issue(settings: Settings, place: Place, name: str) -> None:
    """Have a certificate for this machine in a place."""
    addresses = {"127.0.0.1", *filter(_is_address, (settings.host, settings.public_host))}
    wish = make_wish(name, tuple(addresses), ("localhost",))
    hosts.issue(authority(settings), wish, place, hosts.Terms())


def secret(settings: Settings) -> str:
    """What private keys are encrypted with in the database; made once."""
    path = settings.state_dir / "pki" / "secret"
    with files.alone(path.parent):
        if (there := files.read(path)) is None:
            there = ids.new_password(48)
            files.put(path, there, files.PRIVATE)
    return there


def _is_address(text: str) -> bool:
    try:
        return bool(ipaddress.ip_address(text))
    except ValueError:
        return False
