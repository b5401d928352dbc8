# SPDX-License-Identifier: Apache-2.0
"""EC2's ids and ours: what `i-0123456789abcdef0` means, and how things are called to EC2 users."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections.abc import Collection, Iterable, Mapping

from nova_appliance.db import ec2_ids
from nova_appliance.db.engines import Connection, Database
from nova_appliance.ec2.faults import Fault
from nova_appliance.ec2.parameters import shown

MOST_KEPT = 100_000
_TAIL = re.compile(r"-([0-9a-f]{8}|[0-9a-f]{17})")


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of thing: the prefixes of its ids, its word, and its error codes."""

    prefixes: tuple[str, ...]
    word: str
    missing: str
    malformed: str


KINDS: Mapping[str, Kind] = {
    row.prefixes[0]: row
    for row in (
        Kind(("i",), "instance", "InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"),
        Kind(("ami", "aki", "ari"), "image", "InvalidAMIID.NotFound", "InvalidAMIID.Malformed"),
        Kind(("vol",), "volume", "InvalidVolume.NotFound", "InvalidVolumeID.Malformed"),
        Kind(("snap",), "snapshot", "InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed"),
        Kind(("key",), "key pair", "InvalidKeyPair.NotFound", "InvalidKeyPair.NotFound"),
        Kind(("sg",), "security group", "InvalidGroup.NotFound", "InvalidGroupId.Malformed"),
        Kind(
            ("sgr",), "security group rule",
            "InvalidSecurityGroupRuleId.NotFound", "InvalidSecurityGroupRuleId.Malformed",
        ),
        Kind(
            ("eipalloc",), "allocation",
            "InvalidAllocationID.NotFound", "InvalidAllocationID.Malformed",
        ),
        Kind(
            ("eipassoc",), "association",
            "InvalidAssociationID.NotFound", "InvalidAssociationID.Malformed",
        ),
        Kind(("vpc",), "vpc", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed"),
        Kind(("subnet",), "subnet", "InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed"),
        Kind(
            ("eni",), "network interface",
            "InvalidNetworkInterfaceID.NotFound", "InvalidNetworkInterfaceID.Malformed",
        ),
        Kind(
            ("rtb",), "route table",
            "InvalidRouteTableID.NotFound", "InvalidRouteTableID.Malformed",
        ),
        Kind(
            ("igw",), "internet gateway",
            "InvalidInternetGateway.NotFound", "InvalidInternetGatewayID.Malformed",
        ),
        Kind(
            ("pg",), "placement group",
            "InvalidPlacementGroup.Unknown", "InvalidPlacementGroupId.Malformed",
        ),
        Kind(
            ("dopt",), "dhcpOption",
            "InvalidDhcpOptionID.NotFound", "InvalidDhcpOptionsId.Malformed",
        ),
        Kind(
            ("lt",), "launch template",
            "InvalidLaunchTemplateId.NotFound", "InvalidLaunchTemplateId.Malformed",
        ),
        Kind(
            ("acl",), "network acl",
            "InvalidNetworkAclID.NotFound", "InvalidNetworkAclId.Malformed",
        ),
    )
}  # fmt: skip
"""First prefix > the kind. `missing` codes are those that the clients' waiters act on."""


class Names:
    """The table of ids, with what was given once kept in memory; safe for threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._given: dict[tuple[str, str], str] = {}

    def give(self, prefix: str, things: Iterable[str]) -> dict[str, str]:
        """Thing > its EC2 id; those without one get one now."""
        wanted = set(things)
        with self._lock:
            found = {t: self._given[prefix, t] for t in wanted if (prefix, t) in self._given}
        rest = wanted - found.keys()
        if rest:
            found |= self._read_or_add(prefix, rest)
            self._keep(prefix, found)
        return found

    def one(self, prefix: str, thing: str) -> str:
        """The EC2 id of one thing."""
        return self.give(prefix, (thing,))[thing]

    def find(self, prefix: str, ec2_id: str) -> str:
        """The thing that an id of this kind means. Raises Fault: malformed, or not found."""
        return self.find_all(prefix, (ec2_id,))[ec2_id]

    def find_all(self, prefix: str, ec2_ids_: Collection[str]) -> dict[str, str]:
        """EC2 id > thing, in the order given. Raises Fault for the first that means nothing."""
        for ec2_id in ec2_ids_:
            check(prefix, ec2_id)
        found = self.known(prefix, ec2_ids_)
        for ec2_id in ec2_ids_:
            if ec2_id not in found:
                raise missing(prefix, (ec2_id,))
        return {ec2_id: found[ec2_id] for ec2_id in ec2_ids_}

    def known(self, prefix: str, ec2_ids_: Collection[str]) -> dict[str, str]:
        """EC2 id > thing, of those that mean one."""
        found: dict[str, str] = {}
        with self._database.read() as conn:
            for other in KINDS[prefix].prefixes:
                found |= ec2_ids.find(conn, other, ec2_ids_)
        return found

    def forget(self, prefix: str, thing: str) -> None:
        """A thing that is nowhere but in the table is gone."""
        with self._lock:
            self._given.pop((prefix, thing), None)

    def move(self, prefix: str, old: str, new: str) -> None:
        """Let the id of one thing mean another from now on, which stands in its place."""
        self._database.transact(lambda conn: ec2_ids.move(conn, prefix, old, new))
        self.forget(prefix, old)
        self.forget(prefix, new)

    def _read_or_add(self, prefix: str, things: set[str]) -> dict[str, str]:
        with self._database.read() as conn:
            found = ec2_ids.known(conn, prefix, things)
        new = sorted(things - found.keys())

        def work(conn: Connection) -> dict[str, str]:
            return {thing: ec2_ids.add(conn, prefix, thing) for thing in new}

        return found | (self._database.transact(work) if new else {})

    def _keep(self, prefix: str, found: Mapping[str, str]) -> None:
        with self._lock:
            if len(self._given) > MOST_KEPT:
                self._given.clear()
            self._given.update({(prefix, thing): ec2_id for thing, ec2_id in found.items()})


def check(prefix: str, ec2_id: str) -> None:
    """Raises Fault unless the id is one of this kind by its looks."""
    kind = KINDS[prefix]
    head, tail = ec2_id[: ec2_id.rfind("-")], ec2_id[ec2_id.rfind("-") :]
    if head not in kind.prefixes or not _TAIL.fullmatch(tail):
        raise Fault(
            kind.malformed,
            f'Invalid id: "{shown(ec2_id)}" (expecting "{kind.prefixes[0]}-" and hex digits)',
        )


def kind_of(ec2_id: str) -> str | None:
    """The first prefix of the kind that an id is of by its looks, or None."""
    head = ec2_id[: ec2_id.rfind("-")] if "-" in ec2_id else ""
    for prefix, kind in KINDS.items():
        if head in kind.prefixes and _TAIL.fullmatch(ec2_id[len(head) :]):
            return prefix
    return None


def missing(prefix: str, ec2_ids_: Iterable[str]) -> Fault:
    """The error for ids of this kind that mean nothing to this caller."""
    told = [shown(ec2_id) for ec2_id in ec2_ids_][:20]
    kind = KINDS[prefix]
    if len(told) == 1:
        return Fault(kind.missing, f"The {kind.word} ID '{told[0]}' does not exist")
    return Fault(kind.missing, f"The {kind.word} IDs '{', '.join(told)}' do not exist")
