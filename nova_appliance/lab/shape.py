# SPDX-License-Identifier: Apache-2.0
"""What a lab is: its name, its addresses, its hosts, and how the things of it are called.

All names on this machine follow from the lab's name, so that `down` finds them without a record.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

from nova_appliance.common.errors import Invalid

FIRST = {"controller": 11, "compute": 21}
"""Last part of the address of each kind's first host."""
MOST = {"controller": 9, "compute": 79}
GATEWAY, VIP = 1, 10
VOLUMES = "/srv/volumes"
"""A folder that all hosts of a lab see: what NFS is to a cluster, for kernels without it."""
NAME = re.compile(r"[a-z][a-z0-9]{0,5}")
HOST_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
NET = re.compile(r"10\.(\d{1,2}|1\d\d|2[0-4]\d|25[0-5])")


@dataclasses.dataclass(frozen=True)
class LabHost:
    """One host; `kind`, of layers.KINDS, says which packages it is born with."""

    name: str
    kind: str
    number: int
    """Last part of its address."""


@dataclasses.dataclass(frozen=True)
class Lab:
    """`net` is the first half of its addresses: hosts in NET.0.0/24, the outside in NET.1.0/24."""

    home: Path
    name: str = "lab"
    net: str = "10.77"
    hosts: tuple[LabHost, ...] = ()
    tls: bool = True
    """Whether what crosses its wires is encrypted (appliance_tls)."""

    @property
    def folder(self) -> Path:
        """All files of this lab; `down` removes it."""
        return self.home / "labs" / self.name

    @property
    def bridge(self) -> str:
        """What connects the hosts."""
        return f"lab-{self.name}"

    @property
    def outside(self) -> str:
        """What stands for the world: floating addresses live on it."""
        return f"lab-{self.name}-out"

    @property
    def prefix(self) -> str:
        """Begins the names of its network namespaces and cgroups."""
        return f"lab-{self.name}-"

    @property
    def volumes(self) -> Path:
        """The folder of this machine behind VOLUMES."""
        return self.folder / "volumes"

    def address(self, number: int) -> str:
        """Of a host on the lab's bridge."""
        return f"{self.net}.0.{number}"

    def host(self, name: str) -> LabHost:
        """The host of that name; raises Invalid."""
        for one in self.hosts:
            if one.name == name:
                return one
        there = ", ".join(one.name for one in self.hosts) or "none"
        raise Invalid(f"This lab has no host {name!r}; it has: {there}.")

    def host_folder(self, host: LabHost) -> Path:
        """Its disk (overlay) and its log."""
        return self.folder / "hosts" / host.name

    def links(self, host: LabHost) -> tuple[tuple[str, str, str], ...]:
        """Its network cards: (name on this machine, name in the host, bridge)."""
        return (
            (f"v{host.number}-{self.name}", "eth0", self.bridge),
            (f"x{host.number}-{self.name}", "eth1", self.outside),
        )


def lab_of(home: Path, name: str, net: str) -> Lab:
    """The lab as its file remembers it, or a new one without hosts; raises Invalid."""
    if not NAME.fullmatch(name):
        raise Invalid(
            f"{name!r} is no name of a lab: one to six letters and digits, a letter first."
        )
    if not NET.fullmatch(net):
        raise Invalid(f"{net!r} is not the first half of a private network, such as 10.77.")
    lab = Lab(home, name, net)
    if not _file(lab).exists():
        return lab
    kept = json.loads(_file(lab).read_text())
    hosts = tuple(LabHost(**one) for one in kept["hosts"])
    return Lab(home, name, kept["net"], hosts, kept.get("tls", True))


def planned(lab: Lab, controllers: int, computes: int) -> Lab:
    """The lab with so many hosts of each kind; raises Invalid."""
    counts = {"controller": controllers, "compute": computes}
    for kind, count in counts.items():
        if not 0 <= count <= MOST[kind]:
            raise Invalid(f"A lab has at most {MOST[kind]} hosts of kind {kind}, not {count}.")
    hosts = (
        LabHost(f"{kind}{i + 1}", kind, FIRST[kind] + i)
        for kind, count in counts.items()
        for i in range(count)
    )
    return dataclasses.replace(lab, hosts=tuple(hosts))


def with_host(lab: Lab, name: str, address: str, kind: str) -> Lab:
    """The lab with one more host at `address`; raises Invalid."""
    network, _, last = address.rpartition(".")
    if not HOST_NAME.fullmatch(name):
        raise Invalid(f"{name!r} is no name of a host: letters, digits and hyphens.")
    if network != f"{lab.net}.0" or not last.isdigit() or not VIP < int(last) < 255:
        raise Invalid(f"{address} is none of {lab.net}.0.{VIP + 1} to {lab.net}.0.254.")
    new = LabHost(name, kind, int(last))
    others = tuple(one for one in lab.hosts if one.name != name)
    if taken := [one.name for one in others if one.number == new.number]:
        raise Invalid(f"{address} is the address of {taken[0]}.")
    return dataclasses.replace(lab, hosts=(*others, new))


def remember(lab: Lab) -> None:
    """Write the lab's file."""
    lab.folder.mkdir(parents=True, exist_ok=True)
    beside = _file(lab).with_suffix(".new")
    hosts = [dataclasses.asdict(one) for one in lab.hosts]
    kept = {"net": lab.net, "hosts": hosts, "tls": lab.tls}
    beside.write_text(json.dumps(kept, indent=1))
    beside.replace(_file(lab))


def _file(lab: Lab) -> Path:
    return lab.folder / "lab.json"
