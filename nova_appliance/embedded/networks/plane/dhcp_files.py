# SPDX-License-Identifier: Apache-2.0
"""The files that dnsmasq reads. A port's file is written before its create or bind is answered."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import re
from collections.abc import Iterable
from pathlib import Path

from nova_appliance.embedded.networks import nouns
from nova_appliance.embedded.networks.plane import names, nudge
from nova_appliance.embedded.networks.plane.wanted import Dhcp, Lease, Range, lease
from nova_appliance.embedded.settings import Settings
from nova_appliance.embedded.store import Store

LEASE_S = 86400
DOMAIN = "openstacklocal"
_NAME = re.compile(r"^[a-z0-9-]{1,64}$")
_VALUE = re.compile(r"^[^\x00-\x1f\x7f]*$")


def directory(settings: Settings, network_id: str) -> Path:
    """Where one network's DHCP service keeps its files."""
    return nudge.directory(settings) / "dhcp" / network_id


def keep_ports(settings: Settings, store: Store, port_ids: Iterable[str]) -> None:
    """Bring the files of these ports up to date; dnsmasq sees new ones by itself."""
    sql = """SELECT addresses.* FROM addresses JOIN subnets ON subnets.id = subnet_id
             WHERE port_id = ? AND enable_dhcp AND ip_version = 4 ORDER BY position"""
    for port_id in port_ids:
        port = store.one("SELECT * FROM ports WHERE id = ?", port_id)
        if port is None:
            for path in (nudge.directory(settings) / "dhcp").glob(f"*/hosts/{port_id}"):
                path.unlink(missing_ok=True)
        elif not port["device_owner"].startswith("network:"):
            own = lease(nouns.decode(port), store.all(sql, port_id))
            hosts = directory(settings, port["network_id"]) / "hosts"
            # The plane may be clearing away an unknown network just now; then it writes them all.
            with contextlib.suppress(FileNotFoundError):
                hosts.mkdir(parents=True, exist_ok=True)
                _write(hosts / port_id, host_lines(own))


def keep_network(settings: Settings, dhcp: Dhcp) -> bool:
    """Bring all files of a network up to date; tells whether one was changed or taken away."""
    hosts = directory(settings, dhcp.network_id) / "hosts"
    hosts.mkdir(parents=True, exist_ok=True)
    wanted = {one.port_id: host_lines(one) for one in dhcp.leases}
    gone = [path for path in hosts.glob("[!.]*") if path.name not in wanted]
    for path in gone:
        path.unlink(missing_ok=True)
    changed = [_write(hosts / name, text) for name, text in wanted.items()]
    return _write(hosts.parent / "options", options(dhcp)) or bool(gone) or any(changed)


def host_lines(own: Lease) -> str:
    """What dnsmasq is told about one port."""
    names = [own.name or "host-" + ip.replace(".", "-") for ip in own.ips]
    tag = f",set:{own.port_id}" if own.options else ""
    rows = zip(own.ips, names, strict=True)
    return "".join(f"{own.mac}{tag},{name.split('.')[0]},{ip}\n" for ip, name in rows)


def options(dhcp: Dhcp) -> str:
    """The options of each subnet, and those that single ports ask for."""
    lines: list[str] = []
    for number, one in enumerate(dhcp.ranges):
        lines += _range_options(f"tag:subnet{number}", one)
    for own in dhcp.leases:
        for name, value in own.options:
            if _NAME.match(name) and _VALUE.match(value):
                known = name if name.isdigit() else f"option:{name}"
                lines.append(f"tag:{own.port_id},{known},{value}")
    return "".join(f"{line}\n" for line in lines)


def _range_options(tag: str, one: Range) -> Iterable[str]:
    yield f"{tag},option:router" + (f",{one.gateway}" if one.gateway else "")
    if one.dns:
        servers = [ip for ip in one.dns if ":" not in ip]
        yield f"{tag},option:dns-server,{','.join(servers)}"
    routes = [*one.routes, *([(f"{names.METADATA}/32", one.server)] if one.server else [])]
    if routes:
        default = [("0.0.0.0/0", one.gateway)] if one.gateway else []
        pairs = ",".join(f"{to},{via}" for to, via in [*routes, *default])
        yield f"{tag},option:classless-static-route,{pairs}"
        yield f"{tag},249,{pairs}"


def configuration(settings: Settings, dhcp: Dhcp, user: str) -> str:
    """The configuration with which dnsmasq starts; a change of it means a new start."""
    place = directory(settings, dhcp.network_id)
    ranges = [
        f"dhcp-range=set:subnet{number},{_network(one)},static,{_mask(one)},{LEASE_S}s"
        for number, one in enumerate(dhcp.ranges)
    ]
    lines = [
        "no-hosts",
        "no-resolv",
        "bind-interfaces",
        "except-interface=lo",
        f"interface={dhcp.cable.inner}",
        f"domain={DOMAIN}",
        f"local=/{DOMAIN}/",
        "expand-hosts",
        "dhcp-authoritative",
        "dhcp-lease-max=65536",
        f"dhcp-option-force=option:mtu,{dhcp.cable.mtu}",
        f"dhcp-hostsdir={place / 'hosts'}",
        f"dhcp-optsfile={place / 'options'}",
        f"dhcp-leasefile={place / 'leases'}",
        f"pid-file={place / 'pid'}",
        f"log-facility={place / 'log'}",
        f"user={user}",
        *ranges,
    ]
    return "".join(f"{line}\n" for line in lines)


def stale(leases: str, dhcp: Dhcp) -> tuple[str, bool]:
    """The lease file without addresses that now belong to another card; whether there were any."""
    owners = {ip: own.mac for own in dhcp.leases for ip in own.ips}
    kept = []
    lines = leases.splitlines(keepends=True)
    for line in lines:
        words = line.split()
        foreign = len(words) > 2 and owners.get(words[2], words[1]) != words[1]
        if not foreign:
            kept.append(line)
    return "".join(kept), len(kept) != len(lines)


def _network(one: Range) -> str:
    return str(ipaddress.ip_network(one.cidr).network_address)


def _mask(one: Range) -> str:
    return str(ipaddress.ip_network(one.cidr).netmask)


def _write(path: Path, text: str) -> bool:
    """Replace a file as a whole, unless it says this already."""
    with contextlib.suppress(FileNotFoundError):
        if path.read_text() == text:
            return False
    beside = path.with_name(f".{path.name}.{os.getpid()}.{id(text)}")
    beside.write_text(text)
    beside.chmod(0o644)
    beside.replace(path)
    return True
