# SPDX-License-Identifier: Apache-2.0
"""Gathers what a guest is told of itself: the row, EC2 ids, vendor data. For drive and service."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence

import msgspec

from nova_appliance.actions.cloud import Cloud
from nova_appliance.clients.vendor_data import VendorData
from nova_appliance.db import ec2_ids
from nova_appliance.db.engines import Connection
from nova_appliance.domain import guest_data
from nova_appliance.domain.guest_data import Facts
from nova_appliance.domain.server import Server

SEED_BYTES = 512


def gather(
    cloud: Cloud,
    vendor: VendorData,
    server: Server,
    given: Sequence[tuple[str, str]] = (),
    password: str = "",
) -> Facts:
    """All facts; raises Unavailable when vendor data must be there and is not."""
    static, told = vendor.read(server)
    return msgspec.structs.replace(
        guest_data.of_row(server, cloud.conf.api.dhcp_domain),
        given=tuple(given),
        password=password,
        seed=base64.b64encode(secrets.token_bytes(SEED_BYTES)).decode(),
        ec2_ids=name(cloud, server),
        vendor=static,
        vendor2=told,
    )


def name(cloud: Cloud, server: Server) -> dict[str, str]:
    """Thing > its EC2 id; what has none gets one, so that the EC2 API knows what guests say."""
    named = _named(server)
    with cloud.cells.api.read() as conn:
        known = {prefix: ec2_ids.known(conn, prefix, things) for prefix, things in named.items()}
    missing = [
        (prefix, thing)
        for prefix, things in named.items()
        for thing in things
        if thing not in known[prefix]
    ]

    def work(conn: Connection) -> dict[str, str]:
        return {thing: ec2_ids.add(conn, prefix, thing) for prefix, thing in missing}

    found = cloud.cells.api.transact(work) if missing else {}
    return {thing: ec2_id for part in (*known.values(), found) for thing, ec2_id in part.items()}


def _named(server: Server) -> dict[str, list[str]]:
    wanted = {"i": [server.id]}
    if server.image:
        properties = server.image.properties
        wanted["ami"] = [server.image.id]
        wanted |= {
            prefix: [properties[key]]
            for prefix, key in (("aki", "kernel_id"), ("ari", "ramdisk_id"))
            if properties.get(key)
        }
    return wanted
