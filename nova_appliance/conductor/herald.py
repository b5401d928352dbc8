# SPDX-License-Identifier: Apache-2.0
"""Tells listeners outside how a saga goes, by the table of stories.py; called by the runner.

A notice follows the transaction that it tells of, so it may be told twice or, if the conductor
dies between the two, never. Nothing waits for it, and nothing fails with it.
"""

from __future__ import annotations

import dataclasses
import logging

from nova_appliance.actions.notices import servers as notices
from nova_appliance.actions.notices import tasks
from nova_appliance.actions.notices.about import COMPUTE, About
from nova_appliance.common import errors
from nova_appliance.conductor import story_facts
from nova_appliance.conductor.saga import Ctx, Step
from nova_appliance.conductor.stories import (
    BEGINS,
    BROKEN,
    ENDS,
    SCHEDULING,
    STORIES,
    TASKS,
    UNDONE,
)
from nova_appliance.domain.saga import SagaError
from nova_appliance.domain.server import Server

LOG = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Seen:
    """The server before a step, and whether the step has begun already: its order was sent."""

    server: Server
    has_begun: bool


def look(ctx: Ctx, step: Step | None = None) -> Seen | None:
    """What is there before this step, or the saga's end; None if nothing will be told of it."""
    if not notices.is_on(ctx.cloud):
        return None
    story = STORIES.get(ctx.saga.name, ())
    is_told = step is None or any(line.step == step.name for line in story)
    if not is_told and not notices.tells_changes(ctx.cloud):
        return None
    server = _now(ctx)
    has_begun = step is not None and ctx.saga.parked == step.name
    return Seen(server, has_begun) if server else None


def parked(ctx: Ctx, step: Step, seen: Seen | None) -> None:
    """The step's order is written, and will be sent."""
    after = _now(ctx) if seen else None
    if seen is None or after is None:
        return
    if not seen.has_begun:
        _tell_lines(ctx, seen.server, step, BEGINS)
    notices.changed(ctx.cloud, ctx.context, seen.server, after, COMPUTE)


def done(ctx: Ctx, step: Step, seen: Seen | None) -> None:
    """The step's end is written."""
    after = _now(ctx) if seen else None
    if seen is None or after is None:
        return
    if not seen.has_begun:
        _tell_lines(ctx, seen.server, step, BEGINS)
    _tell_lines(ctx, after, step, ENDS)
    notices.changed(ctx.cloud, ctx.context, seen.server, after, COMPUTE)


def turned_back(ctx: Ctx, error: SagaError) -> None:
    """The saga will be undone."""
    server = _now(ctx) if ctx.saga.name in BROKEN and notices.is_on(ctx.cloud) else None
    if server is not None:
        _tell(ctx, server, BROKEN[ctx.saga.name], error)


def given_up(ctx: Ctx, error: SagaError, seen: Seen | None) -> None:
    """The saga is undone, and what is true of the server then is written."""
    after = _now(ctx) if seen else None
    if seen is None or after is None:
        return
    if ctx.saga.name in TASKS and error.step in SCHEDULING:
        tasks.compute_task(ctx.cloud, TASKS[ctx.saga.name], after, error)
    if ctx.saga.name in UNDONE:
        _tell(ctx, after, UNDONE[ctx.saga.name], error)
    notices.changed(ctx.cloud, ctx.context, seen.server, after, COMPUTE)


def _now(ctx: Ctx) -> Server | None:
    """The server, deleted or not; None too when its database is away."""
    try:
        return ctx.server(deleted=True)
    except errors.Unavailable as error:
        LOG.warning("nobody is told of server %s: %s", ctx.server_id, error.message)
        return None


def _tell_lines(ctx: Ctx, server: Server, step: Step, when: str) -> None:
    for line in STORIES.get(ctx.saga.name, ()):
        if (line.step, line.when) != (step.name, when) or (line.hosted and not server.host):
            continue
        host = _target(ctx) if line.at_target else None
        _tell(ctx, server, (line.action, line.phase), None, host)


def _tell(
    ctx: Ctx,
    server: Server,
    what: tuple[str, str | None],
    error: SagaError | None,
    host: str | None = None,
) -> None:
    action, phase = what
    try:
        more = story_facts.more(ctx, server, action)
        also = story_facts.also(ctx, server, action, phase)
    except Exception:
        LOG.exception("nobody was told of %s of server %s", action, server.id)
        return
    about = About(
        server=server, action=action, phase=phase, host=host, fault=error, more=more, also=also
    )
    notices.tell(ctx.cloud, ctx.context, about)


def _target(ctx: Ctx) -> str | None:
    chosen = ctx.saga.results.get("choose_target")
    return chosen["host"] if chosen else None
