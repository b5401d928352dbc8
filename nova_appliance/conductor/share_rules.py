# SPDX-License-Identifier: Apache-2.0
"""Lets a host have a share, by a rule that the share service brings into force in its own time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NoReturn

from nova_appliance.actions import shares
from nova_appliance.common import errors
from nova_appliance.conductor.saga import Ctx, Wait

LOOK_S = 0.5


def ask(ctx: Ctx) -> dict[str, str]:
    """Ask for the rule; raises Wait while the service takes an earlier one away."""
    if not shares.service(ctx.cloud).allow(ctx.order.share_id, ctx.order.address):
        _wait(ctx, ctx.saga.created_at)
    return {"asked_at": ctx.cloud.clock.now().isoformat()}


def wait(ctx: Ctx, asked: Mapping[str, str] | None) -> None:
    """Raise Wait until the rule is in force; Refused when it will not be, or not in time.

    `asked` is what `ask` returned; nothing in sagas of an older release.
    """
    rule = shares.service(ctx.cloud).rule(ctx.order.share_id, ctx.order.address)
    if rule is None or rule.goes or rule.state == "error":
        raise errors.Refused(f"The share service does not let {ctx.order.address} in.")
    if rule.state != "active":
        since = dt.datetime.fromisoformat(asked["asked_at"]) if asked else ctx.saga.created_at
        _wait(ctx, since)


def _wait(ctx: Ctx, since: dt.datetime) -> NoReturn:
    """Look again, unless it takes too long."""
    waited_s = (ctx.cloud.clock.now() - since).total_seconds()
    if waited_s > ctx.cloud.conf.manila.share_apply_policy_timeout:
        raise errors.Refused(f"The share service has not let {ctx.order.address} in in time.")
    raise Wait(LOOK_S)
