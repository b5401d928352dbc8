# SPDX-License-Identifier: Apache-2.0
"""Tells listeners outside of flavors, key pairs, aggregates, server groups and services.

Called when a change is written, but for what starts. It never fails and never waits.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Callable
from typing import Any

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import nouns
from nova_appliance.common import context as contexts
from nova_appliance.domain.aggregate import Aggregate
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.keypair import Keypair
from nova_appliance.domain.notice import Notice
from nova_appliance.domain.server_group import ServerGroup
from nova_appliance.domain.service import Service

LOG = logging.getLogger(__name__)

OLD_WORDS = {
    "add_host": "addhost",
    "remove_host": "removehost",
    "update_metadata": "updatemetadata",
    "update_prop": "updateprop",
}
"""Actions of aggregates > their names in the unversioned form."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Two:
    """The two forms of one notice; `old` of those that have none is None."""

    event: str
    publisher: str
    body: Callable[[], dict[str, Any]]
    old: tuple[str, str, dict[str, Any]] | None = None
    """Event, publisher and body."""


def flavor(cloud: Cloud, action: str, one: Flavor, projects: tuple[str, ...] | None = None) -> None:
    """Tell of a flavor that was created, updated or deleted."""
    publisher = f"nova-api:{cloud.conf.host}"
    body = functools.partial(nouns.flavor, one, projects)
    _tell(cloud, _Two(event=f"flavor.{action}", publisher=publisher, body=body))


def keypair(cloud: Cloud, what: str, one: Keypair, project_id: str | None) -> None:
    """Tell of a key pair; `what` is such as create.start."""
    old = {"tenant_id": project_id, "user_id": one.user_id, "key_name": one.name}
    two = _Two(
        event=f"keypair.{what}",
        publisher=f"nova-api:{cloud.conf.host}",
        body=functools.partial(nouns.keypair, one),
        old=(f"keypair.{what}", f"api.{cloud.conf.host}", old),
    )
    _tell(cloud, two)


def aggregate(cloud: Cloud, action: str, phase: str, one: Aggregate, **old: Any) -> None:
    """Tell of an aggregate; `old` are facts of the unversioned form beside its number."""
    number = one.row or one.name
    word = OLD_WORDS.get(action, action)
    facts = {"aggregate_id": one.row} if one.row else {"name": one.name}
    two = _Two(
        event=f"aggregate.{action}.{phase}",
        publisher=f"nova-api:{cloud.conf.host}",
        body=functools.partial(nouns.aggregate, one),
        old=(f"aggregate.{word}.{phase}", f"aggregate.{number}", facts | old),
    )
    _tell(cloud, two)


def server_group(cloud: Cloud, action: str, one: ServerGroup) -> None:
    """Tell of a server group that was created, deleted, or got a member."""
    old: dict[str, Any] = {"server_group_id": one.id}
    if action == "create":
        old |= {"name": one.name, "policies": [one.policy], "policy": one.policy}
        old |= {"rules": dict(one.rules)}
    if action == "add_member":
        old |= {"instance_uuids": list(one.members)}
    word = action.replace("_", "")
    two = _Two(
        event=f"server_group.{action}",
        publisher=f"nova-api:{cloud.conf.host}",
        body=functools.partial(nouns.server_group, one),
        old=(f"servergroup.{word}", f"servergroup.{cloud.conf.host}", old),
    )
    _tell(cloud, two)


def service(cloud: Cloud, action: str, one: Service, zone: str | None = None) -> None:
    """Tell of a daemon that came, was changed or was deleted."""
    publisher = f"{one.binary}:{one.host}"
    body = functools.partial(nouns.service, one, zone)
    _tell(cloud, _Two(event=f"service.{action}", publisher=publisher, body=body))


def _tell(cloud: Cloud, two: _Two) -> None:
    notifier = cloud.notifier
    if notifier is None or not notifier.is_on:
        return
    context = contexts.current()
    try:
        if notifier.tells_versioned:
            body = two.body()
            notice = Notice(event=two.event, publisher=two.publisher, body=body, is_versioned=True)
            notifier.post(context, notice)
        if notifier.tells_unversioned and two.old is not None:
            event, publisher, body = two.old
            notice = Notice(event=event, publisher=publisher, body=body, is_versioned=False)
            notifier.post(context, notice)
    except Exception:
        LOG.exception("nobody was told of %s", two.event)
