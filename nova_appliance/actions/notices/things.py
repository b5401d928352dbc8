# SPDX-License-Identifier: Apache-2.0
"""Tells listeners outside of flavors, key pairs, aggregates, server groups, services
and what is done to volumes.

Called when a change is written, but for what starts. It never fails and never waits.
"""

from __future__ import annotations

import functools
from typing import Any

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import nouns
from nova_appliance.actions.notices.forms import Two, tell
from nova_appliance.domain.aggregate import Aggregate
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.image_caching import HostDone
from nova_appliance.domain.keypair import Keypair
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.domain.service import Service
from nova_appliance.domain.volume_usage import COUNTED, VolumeUsage

OLD_WORDS = {
    "add_host": "addhost",
    "remove_host": "removehost",
    "update_metadata": "updatemetadata",
    "update_prop": "updateprop",
}
"""Actions of aggregates > their names in the unversioned form."""


def flavor(cloud: Cloud, action: str, one: Flavor, projects: tuple[str, ...] | None = None) -> None:
    """Tell of a flavor that was created, updated or deleted."""
    publisher = f"nova-api:{cloud.conf.host}"
    body = functools.partial(nouns.flavor, one, projects)
    tell(cloud, Two(event=f"flavor.{action}", publisher=publisher, body=body))


def keypair(cloud: Cloud, what: str, one: Keypair, project_id: str | None) -> None:
    """Tell of a key pair; `what` is such as create.start."""
    old = {"tenant_id": project_id, "user_id": one.user_id, "key_name": one.name}
    two = Two(
        event=f"keypair.{what}",
        publisher=f"nova-api:{cloud.conf.host}",
        body=functools.partial(nouns.keypair, one),
        old=(f"keypair.{what}", f"api.{cloud.conf.host}", old),
    )
    tell(cloud, two)


def aggregate(cloud: Cloud, action: str, phase: str, one: Aggregate, **old: Any) -> None:
    """Tell of an aggregate; `old` are facts of the unversioned form beside its number."""
    number = one.row or one.name
    word = OLD_WORDS.get(action, action)
    facts = {"aggregate_id": one.row} if one.row else {"name": one.name}
    two = Two(
        event=f"aggregate.{action}.{phase}",
        publisher=f"nova-api:{cloud.conf.host}",
        body=functools.partial(nouns.aggregate, one),
        old=(f"aggregate.{word}.{phase}", f"aggregate.{number}", facts | old),
    )
    tell(cloud, two)


def aggregate_images(cloud: Cloud, phase: str, one: Aggregate) -> None:
    """Tell that the hosts of an aggregate begin to fetch images, or are done with that."""
    publisher = f"nova-api:{cloud.conf.host}"
    body = functools.partial(nouns.aggregate, one)
    tell(cloud, Two(event=f"aggregate.cache_images.{phase}", publisher=publisher, body=body))


def aggregate_progress(cloud: Cloud, one: Aggregate, done: HostDone) -> None:
    """Tell that one host of an aggregate is done with fetching images."""
    publisher = f"nova-conductor:{cloud.conf.host}"
    body = functools.partial(nouns.aggregate_progress, one, done)
    tell(cloud, Two(event="aggregate.cache_images.progress", publisher=publisher, body=body))


def server_group(cloud: Cloud, action: str, one: ServerGroup) -> None:
    """Tell of a server group that was created, deleted, or got a member."""
    old: dict[str, Any] = {"server_group_id": one.id}
    if action == "create":
        old |= {"name": one.name, "policies": [one.policy], "policy": one.policy}
        old |= {"rules": dict(one.rules)}
    if action == "add_member":
        old |= {"instance_uuids": list(one.members)}
    word = action.replace("_", "")
    two = Two(
        event=f"server_group.{action}",
        publisher=f"nova-api:{cloud.conf.host}",
        body=functools.partial(nouns.server_group, one),
        old=(f"servergroup.{word}", f"servergroup.{cloud.conf.host}", old),
    )
    tell(cloud, two)


def volume_usage(cloud: Cloud, host: str, one: VolumeUsage) -> None:
    """Tell what was read from a volume and written to it, as that host has counted."""
    old = {
        "volume_id": one.volume_id,
        "tenant_id": one.project_id,
        "user_id": one.user_id,
        "availability_zone": one.zone,
        "instance_id": one.server_id,
        "last_refreshed": f"{one.refreshed_at:%Y-%m-%d %H:%M:%S}+00:00",
        **{name: getattr(one, name) for name in COUNTED},
    }
    two = Two(
        event="volume.usage",
        publisher=f"nova-compute:{host}",
        body=functools.partial(nouns.volume_usage, one),
        old=("volume.usage", f"compute.{host}", old),
    )
    tell(cloud, two)


def service(cloud: Cloud, action: str, one: Service, zone: str | None = None) -> None:
    """Tell of a daemon that came, was changed or was deleted."""
    publisher = f"{one.binary}:{one.host}"
    body = functools.partial(nouns.service, one, zone)
    tell(cloud, Two(event=f"service.{action}", publisher=publisher, body=body))
