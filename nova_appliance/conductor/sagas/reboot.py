# SPDX-License-Identifier: Apache-2.0
"""A server is rebooted, softly (the guest is asked) or hard (power off and on)."""

from __future__ import annotations

from nova_appliance.actions.orders import RebootOrder
from nova_appliance.conductor import guests
from nova_appliance.conductor.saga import Ctx, Out, Parked, Saga, Step
from nova_appliance.conductor.sagas.boot import check_patience
from nova_appliance.conductor.sagas.power import failed, is_on
from nova_appliance.db import servers
from nova_appliance.rpc.orders import ServerOrder


def restart(ctx: Ctx, _out: Out) -> Parked:
    """Let the host reboot the guest."""
    server = ctx.living()
    host, conf = server.host or "", ctx.cloud.conf
    timeout_s = conf.reboot_timeout or conf.shutdown_timeout
    check_patience(ctx, "restart", host, timeout_s + conf.conductor.build_timeout)
    order = ServerOrder(
        ticket=ctx.ticket("restart"),
        server_id=server.id,
        guest=guests.guest_of(server, conf),
        hard=ctx.order.hard,
        timeout_s=timeout_s,
    )
    task = "reboot_started_hard" if ctx.order.hard else "reboot_started"
    return Parked(
        name="reboot",
        host=host,
        order=order,
        write=lambda conn: servers.advance(conn, ctx.server_id, ctx.order.verb, task),
    )


REBOOT = Saga(
    name="reboot",
    order=RebootOrder,
    steps=(Step(name="restart", do=restart, then=is_on, event="compute_reboot_instance"),),
    failed=failed,
)
