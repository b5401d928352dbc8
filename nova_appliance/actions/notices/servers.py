# SPDX-License-Identifier: Apache-2.0
"""Tells listeners outside of servers: what is done with them, and that they changed.

Called when a change is written. It never fails and never waits: a lost notice loses nothing else.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from nova_appliance.actions.cloud import Cloud
from nova_appliance.actions.notices import bodies, legacy
from nova_appliance.actions.notices.about import API, About
from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.db import servers
from nova_appliance.domain.audit_period import Period
from nova_appliance.domain.notice import END, ERROR, START, Notice
from nova_appliance.domain.server import Server
from nova_appliance.rpc.notifier import Notifier

LOG = logging.getLogger(__name__)

TASKS_TOO = "vm_and_task_state"


def is_on(cloud: Cloud) -> bool:
    """Whether anybody is told anything."""
    return cloud.notifier is not None and cloud.notifier.is_on


def tells_changes(cloud: Cloud) -> bool:
    """Whether changes of state are told."""
    return is_on(cloud) and bool(cloud.conf.notifications.notify_on_state_change)


def tell(cloud: Cloud, context: RequestContext, about: About) -> None:
    """Tell of an action on a server, in the forms that are wanted."""
    if cloud.notifier is None or not cloud.notifier.is_on:
        return
    try:
        _tell(cloud, cloud.notifier, context, about)
    except Exception:
        LOG.exception("nobody was told of %s of server %s", about.action, about.server.id)


def tell_whole(cloud: Cloud, context: RequestContext, server: Server, action: str) -> None:
    """Tell of an action that nova-api has a host do, and that is done at once."""
    for phase in (START, END):
        tell(cloud, context, About(server=server, action=action, phase=phase))


def moved(cloud: Cloud, context: RequestContext, before: Server) -> None:
    """An action of nova-api may have changed the server's state or task: tell if so."""
    if not tells_changes(cloud):
        return
    try:
        with cloud.cells.database(before.cell_id).read() as conn:
            after = servers.get(conn, before.cell_id, before.id, deleted=True)
    except errors.Unavailable as error:
        LOG.warning("nobody is told that server %s changed: %s", before.id, error.message)
        return
    if after is not None:
        changed(cloud, context, before, after, API)


def changed(
    cloud: Cloud, context: RequestContext, before: Server | None, after: Server, source: str
) -> None:
    """Tell of a server's other state, if states are told and it is another."""
    if not tells_changes(cloud):
        return
    with_tasks = cloud.conf.notifications.notify_on_state_change == TASKS_TOO
    is_new = before is None or before.state != after.state
    if is_new or (with_tasks and before is not None and before.task != after.task):
        tell(cloud, context, _update(cloud, before, after, source))


def edited(
    cloud: Cloud, context: RequestContext, before: Server, after: Server, *, always: bool = False
) -> None:
    """Tell of what its user changed of a server, if changes are told at all, or always."""
    if always or tells_changes(cloud):
        tell(cloud, context, _update(cloud, before, after, API))


def exists(cloud: Cloud, context: RequestContext, server: Server, period: Period) -> None:
    """Tell that the server was there during the period."""
    since, until = period
    more = {"audit_period": bodies.period(since, until)}
    also = {"audit_period_beginning": _text(since), "audit_period_ending": _text(until)}
    about = About(server=server, action="exists", more=more, also=also | {"bandwidth": {}})
    tell(cloud, context, about)


def _update(cloud: Cloud, before: Server | None, after: Server, source: str) -> About:
    now = cloud.clock.now()
    since = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with_tasks = cloud.conf.notifications.notify_on_state_change == TASKS_TOO
    states = bodies.states(before, after, with_tasks=with_tasks)
    old_name = before.name if before and before.name != after.name else None
    more = {
        "state_update": states,
        "audit_period": bodies.period(since, now),
        "old_display_name": old_name,
        "tags": list(after.tags),
    }
    also: dict[str, Any] = dict(states["nova_object.data"])
    also |= {"audit_period_beginning": _text(since), "audit_period_ending": _text(now)}
    also |= {"bandwidth": {}} | ({"old_display_name": old_name} if old_name else {})
    return About(server=after, action="update", source=source, more=more, also=also)


def _text(at: dt.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%f")


def _tell(cloud: Cloud, notifier: Notifier, context: RequestContext, about: About) -> None:
    host = about.host or about.server.host or cloud.conf.host
    if notifier.tells_versioned:
        words = ["instance", about.action, about.phase]
        volumes = bool(cloud.conf.notifications.bdms_in_notifications)
        notice = Notice(
            event=".".join(word for word in words if word),
            publisher=f"nova-{about.source}:{host}",
            body=bodies.of_server(context, about, with_volumes=volumes),
            is_versioned=True,
            is_error=about.phase == ERROR,
        )
        notifier.post(context, notice)
    event = legacy.event(about)
    if notifier.tells_unversioned and event:
        notice = Notice(
            event=event,
            publisher=f"{about.source}.{host}",
            body=legacy.of_server(about, _image_url(cloud, about.server)),
            is_versioned=False,
            is_error=about.phase == ERROR,
        )
        notifier.post(context, notice)


def _image_url(cloud: Cloud, server: Server) -> str:
    """Where the image service shows the image; its id alone while nobody said where that is."""
    if server.image is None:
        return ""
    base = cloud.conf.glance.endpoint_override
    return f"{base.rstrip('/')}/images/{server.image.id}" if base else server.image.id
