# SPDX-License-Identifier: Apache-2.0
"""The networks of a fresh cloud: `private`, `public`, and `router1` between them. May run again."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Any

from nova_appliance.embedded.networks import networks, routers, subnets, tables
from nova_appliance.embedded.networks.nouns import NEEDED, Deed, Noun
from nova_appliance.embedded.networks.plane import nudge
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Transaction

PRIVATE_CIDR = "10.20.0.0/24"
RESOLV_CONF = Path("/etc/resolv.conf")


class _Seeder:
    """Stands where a caller stands: it owns what it makes, and may make everything."""

    roles = frozenset({"admin"})

    def __init__(self, project_id: str) -> None:
        self.project_id = project_id


def seed(settings: Settings, project_id: str) -> None:
    """Make the first networks in this project; what was made once and deleted stays deleted."""
    store = tables.open_store(settings)
    with store.write() as tx:
        if tx.one("PRAGMA user_version") != {"user_version": 0}:
            return
        deed: Any = Deed(tx, _Seeder(project_id), settings)  # type: ignore[arg-type]
        external = ipaddress.ip_network(settings.network_external_cidr)
        private = _network(deed, "private", shared=True)
        inside = _subnet(deed, private, "private-subnet", cidr=PRIVATE_CIDR, dns_nameservers=_dns())
        public = _network(deed, "public", **{"router:external": True, "is_default": True})
        _subnet(deed, public, "public-subnet", cidr=str(external), enable_dhcp=False)
        values = {"name": "router1", "external_gateway_info": {"network_id": public}}
        router = _make(deed, routers.ROUTER, values)
        routers.join(deed, {"id": router, "project_id": project_id}, inside)
        _mark_done(tx)
    nudge.send(settings)


def _network(deed: Deed, name: str, **values: Any) -> str:
    return _make(deed, networks.NETWORK, {"name": name} | values)


def _subnet(deed: Deed, network_id: str, name: str, **values: Any) -> str:
    return _make(deed, subnets.SUBNET, {"network_id": network_id, "name": name} | values)


def _make(deed: Deed, noun: Noun, values: dict[str, Any]) -> str:
    defaults = {k: a.default for k, a in noun.attributes.items() if a.default is not NEEDED}
    named = {"project_id": deed.caller.project_id}
    return noun.create(deed, defaults | named | values)


def _dns() -> list[str]:
    """The machine's own name servers, where a guest can reach them too."""
    try:
        lines = RESOLV_CONF.read_text().splitlines()
    except OSError:
        return []
    words = [line.split() for line in lines if line.startswith("nameserver")]
    found = [word[1] for word in words if len(word) > 1 and "." in word[1]]
    return [ip for ip in found if not ip.startswith("127.")]


def _mark_done(tx: Transaction) -> None:
    tx.run("PRAGMA user_version = 1")
