# SPDX-License-Identifier: Apache-2.0
"""Looks for what no server holds any more, in databases, network service and on hosts; mends it by
the same deeds that audits and chores use.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator

from nova_appliance.actions.cloud import Cloud
from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.conductor import audit, lost, sickness
from nova_appliance.conductor.sickness import Sick
from nova_appliance.db import hosts, pci_devices, services
from nova_appliance.rpc.orders import Survey, Surveyed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it should be; `mend` is None when only a person can help."""

    kind: str
    thing: str
    where: str
    why: str
    mend: Callable[[], object] | None = None


def look(cloud: Cloud) -> Iterator[Finding]:
    """All findings; each is looked for when it is asked for."""
    for part in PARTS:
        try:
            for one in part(cloud):
                yield one if isinstance(one, Finding) else _finding(one)
        except errors.Unavailable as error:
            yield Finding(
                kind="unreachable", thing=part.__name__.strip("_"), where="", why=error.message
            )


def _claims(cloud: Cloud) -> Iterator[Finding]:
    for claim in audit.stray_claims(cloud):
        yield Finding(
            kind="claim",
            thing=claim.server_id,
            where=claim.host or claim.host_id,
            why="The server holds a part of this host and does not live there.",
            mend=functools.partial(audit.give_back, cloud, claim),
        )


def _devices(cloud: Cloud) -> Iterator[Finding]:
    with cloud.cells.api.read() as conn:
        found = pci_devices.strays(conn)
    for server_id, address in found:
        free = functools.partial(pci_devices.free_stray, server_id=server_id, address=address)
        yield Finding(
            kind="device",
            thing=server_id,
            where=address,
            why="The server holds this device without a claim.",
            mend=functools.partial(cloud.cells.api.transact, free),
        )


def _sums(cloud: Cloud) -> Iterator[Finding]:
    with cloud.cells.api.read() as conn:  # rolled back
        wrong = hosts.recount(conn)
    if wrong:
        yield Finding(
            kind="sum",
            thing=f"{wrong} hosts",
            where="nova_api",
            why="Their sums are not what their claims add up to.",
            mend=functools.partial(audit.recount, cloud),
        )


def _ports(cloud: Cloud) -> Iterator[Finding]:
    for port in audit.stray_ports(cloud):
        yield Finding(
            kind="port",
            thing=port.id,
            where=port.device_id,
            why="The server for which it was made is deleted.",
            mend=functools.partial(audit.delete_port, cloud, port),
        )


def _finding(sick: Sick) -> Finding:
    return Finding(
        kind=sick.kind, thing=sick.server_id, where=sick.where, why=sick.why, mend=sick.mend
    )


def _hosts(cloud: Cloud) -> Iterator[Finding]:
    """Guests, disks and kept disks, by the eyes of the agents."""
    now, down_s = cloud.clock.now(), cloud.conf.service_down_time
    for cell in cloud.cells.all_():
        with cloud.cells.database(cell.id).read() as conn:
            found = services.list_(conn, binary=services.COMPUTE)
        client = cloud.rpc.at(cell.transport_url)
        for service in found:
            if not services.is_up(service, now, down_s):
                yield _away(service.host, "Its nova-compute does not report itself.")
                continue
            ask = functools.partial(
                client.call,
                "compute",
                "survey",
                context=contexts.for_background(),
                host=service.host,
            )
            try:
                yield from _host(service.host, ask)
            except errors.Unavailable as error:
                yield _away(service.host, error.message)


def _host(host: str, ask: Callable[..., Surveyed]) -> Iterator[Finding]:
    for kind, server_id in ask(order=Survey(tidy=False)).strays:
        mend = functools.partial(_tidy, ask, server_id) if kind == "reap" else None
        why = "Its server is not here." if mend else "Nobody knows its server."
        yield Finding(kind="guest or disk", thing=server_id, where=host, why=why, mend=mend)


def _tidy(ask: Callable[..., Surveyed], server_id: str) -> None:
    """Let the host remove its strays; Refused with its words if this one is still there."""
    why = dict(ask(order=Survey(tidy=True)).failed).get(server_id)
    if why is not None:
        raise errors.Refused(f"Not mended: {why}")


def _away(host: str, why: str) -> Finding:
    return Finding(kind="unreachable", thing=host, where="", why=why)


PARTS = (
    sickness.of_servers,
    sickness.of_sagas,
    _claims,
    _devices,
    _sums,
    _ports,
    *lost.ALL,
    _hosts,
)
"""Mappings come first: what belongs to a server is known by them."""
