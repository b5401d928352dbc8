# SPDX-License-Identifier: Apache-2.0
"""A host for a server: what the scheduler is told of the server, and what its answer means."""

from __future__ import annotations

from typing import Any

import msgspec

from nova_appliance.common import errors
from nova_appliance.conductor.saga import Ctx
from nova_appliance.domain import root_image
from nova_appliance.domain.flavor import Flavor
from nova_appliance.domain.server import Server
from nova_appliance.rpc.orders import ChooseHosts, Chosen


class NoValidHost(errors.Refused):
    """No host can take the server."""

    def __init__(self, reason: str, said: tuple[str, ...]) -> None:
        prefix = "No valid host was found."
        sentence = reason if reason.startswith(prefix) else f"{prefix} {reason}"
        super().__init__(" ".join((sentence, *(f"Tried before: {text}" for text in said))))


def choose(ctx: Ctx, server: Server, flavor: Flavor, **particulars: Any) -> Chosen:
    """Ask the scheduler, which claims, for a host other than those the order tried.

    `particulars` are fields of ChooseHosts. Raises NoValidHost, or Unavailable when no host is heard.
    """
    wanted = ChooseHosts(
        server_id=server.id,
        project_id=server.project_id,
        flavor=root_image.weight(server, flavor),
        image=root_image.of(server),
        host=ctx.order.host,
        group=server.group_id,
        hints=server.hints,
        tried=ctx.order.tried,
        **particulars,
    )
    asked_at = ctx.cloud.clock.now()
    answer = ctx.cloud.rpc.call("scheduler", "choose_hosts", wanted, ctx.context)
    if not isinstance(answer, Chosen):
        ctx.check_news(asked_at)
        raise NoValidHost(answer.reason, ctx.order.said)
    return answer


def facts(chosen: Chosen) -> dict[str, Any]:
    """What the result of a step keeps of it."""
    return msgspec.structs.asdict(chosen)
