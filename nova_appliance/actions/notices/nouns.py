# SPDX-License-Identifier: Apache-2.0
"""What versioned notices say of flavors, key pairs, aggregates, server groups and services (wire
source: the notification samples of Nova 34).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nova_appliance.actions.notices.wire import moment, wrap
from nova_appliance.domain.aggregate import Aggregate
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.image_caching import HostDone
from nova_appliance.domain.keypair import Keypair
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.domain.service import Service
from nova_appliance.domain.volume_usage import COUNTED, VolumeUsage
from nova_appliance.rpc.orders import ChooseHosts


def flavor(one: Flavor, projects: Sequence[str] | None = None) -> dict[str, Any]:
    """FlavorPayload; `projects` are those that may use a private one, None if nobody asked."""
    facts = {
        "flavorid": one.id,
        "name": one.name,
        "memory_mb": one.memory_mib,
        "vcpus": one.vcpus,
        "root_gb": one.root_gib,
        "ephemeral_gb": one.ephemeral_gib,
        "swap": one.swap_mib,
        "rxtx_factor": one.rxtx_factor,
        "vcpu_weight": 0,
        "disabled": one.disabled,
        "is_public": one.is_public,
        "extra_specs": dict(one.extra_specs),
        "projects": None if projects is None else list(projects),
        "description": one.description,
    }
    return wrap("FlavorPayload", "1.4", facts)


def keypair(one: Keypair) -> dict[str, Any]:
    """KeypairPayload."""
    facts = {
        "user_id": one.user_id,
        "name": one.name,
        "fingerprint": one.fingerprint,
        "public_key": one.public_key,
        "type": one.kind,
    }
    return wrap("KeypairPayload", "1.0", facts)


def aggregate(one: Aggregate) -> dict[str, Any]:
    """AggregatePayload."""
    facts = {
        "id": one.row,
        "uuid": one.id,
        "name": one.name,
        "hosts": list(one.hosts),
        "metadata": dict(one.metadata),
    }
    return wrap("AggregatePayload", "1.1", facts)


def aggregate_progress(one: Aggregate, done: HostDone) -> dict[str, Any]:
    """AggregateCachePayload."""
    facts = {
        "id": one.row,
        "uuid": one.id,
        "name": one.name,
        "host": done.host,
        "images_cached": done.images(good=True),
        "images_failed": done.images(good=False),
        "index": done.index,
        "total": done.total,
    }
    return wrap("AggregateCachePayload", "1.0", facts)


def server_group(one: ServerGroup) -> dict[str, Any]:
    """ServerGroupPayload."""
    facts = {
        "uuid": one.id,
        "name": one.name,
        "user_id": one.user_id,
        "project_id": one.project_id,
        "policies": [one.policy],
        "policy": one.policy,
        "rules": {key: str(value) for key, value in one.rules.items()},
        "members": list(one.members),
        "hosts": None,
    }
    return wrap("ServerGroupPayload", "1.1", facts)


def service(one: Service, zone: str | None = None) -> dict[str, Any]:
    """ServiceStatusPayload."""
    facts = {
        "uuid": one.id,
        "host": one.host,
        "binary": one.binary,
        "topic": one.topic,
        "report_count": one.reports,
        "disabled": one.disabled,
        "disabled_reason": one.disabled_reason,
        "availability_zone": zone,
        "last_seen_up": moment(one.last_seen_at),
        "forced_down": one.forced_down,
        "version": one.version,
    }
    return wrap("ServiceStatusPayload", "1.1", facts)


def volume_usage(one: VolumeUsage) -> dict[str, Any]:
    """VolumeUsagePayload."""
    facts = {
        "volume_id": one.volume_id,
        "project_id": one.project_id,
        "user_id": one.user_id,
        "availability_zone": one.zone,
        "instance_uuid": one.server_id,
        "last_refreshed": moment(one.refreshed_at),
        **{name: getattr(one, name) for name in COUNTED},
    }
    return wrap("VolumeUsagePayload", "1.0", facts)


def request_spec(asked: ChooseHosts) -> dict[str, Any]:
    """RequestSpecPayload; what our order does not carry is null."""
    nothing = (
        "user_id", "image", "image_meta", "instance_group", "numa_topology", "pci_requests",
        "requested_destination", "retry",
    )  # fmt: skip
    facts: dict[str, Any] = dict.fromkeys(nothing)
    facts |= {
        "instance_uuid": asked.server_id,
        "project_id": asked.project_id,
        "num_instances": 1,
        "availability_zone": asked.zone,
        "flavor": flavor(asked.flavor),
        "force_hosts": asked.host,
        "force_nodes": asked.node,
        "ignore_hosts": list(asked.tried),
        "scheduler_hints": {key: _texts(value) for key, value in asked.hints.items()},
        "security_groups": [],
    }
    return wrap("RequestSpecPayload", "1.1", facts)


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
