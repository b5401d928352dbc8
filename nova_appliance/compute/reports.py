# SPDX-License-Identifier: Apache-2.0
"""What came of an order: made from the deed's end, and told to the conductor until it has heard."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from nova_appliance.common import errors
from nova_appliance.common.context import RequestContext
from nova_appliance.rpc.calls.conductor import CALLS
from nova_appliance.rpc.orders import Report, ServerOrder

if TYPE_CHECKING:
    from nova_appliance.compute.agent import Agent

LOG = logging.getLogger(__name__)
HOPELESS = (errors.Refused, errors.Invalid, errors.Unsupported)
"""Errors that a second try, here or on another host, would meet again; but for errors.Unfit."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 10.0
ASKS = 10
"""How often it is asked whether an order is awaited: for about a minute."""


def of(agent: Agent, name: str, deed: Callable[[], dict[str, Any]], order: ServerOrder) -> Report:
    """Do the deed and say what came of it; raises nothing."""
    started = agent.clock.monotonic()
    report = Report(ticket=order.ticket, host=agent.host)
    try:
        report = msgspec.structs.replace(report, result=deed())
    except Exception as error:
        if not isinstance(error, errors.ApplianceError):
            LOG.exception("server %s: %s failed", order.server_id, name)
        report = msgspec.structs.replace(
            report,
            error=_sentence(name, error),
            retryable=isinstance(error, errors.Unfit) or not isinstance(error, HOPELESS),
            details=traceback.format_exc(),
        )
    took_s = agent.clock.monotonic() - started
    outcome = report.error or "done"
    LOG.info("server %s: %s: %s (%.2f s)", order.server_id, name, outcome, took_s)
    return report


def tell(agent: Agent, context: RequestContext, report: Report) -> None:
    """Tell the conductor, again and again until it has heard or the agent ends."""
    context.update_store()
    pause_s = FIRST_PAUSE_S
    while not agent.over.is_set():
        try:
            heard = agent.rpc.call("conductor", "report", report, context)
        except errors.Unavailable as error:
            LOG.warning("saga %s: cannot report: %s", report.ticket.saga_id, error.message)
            agent.over.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            continue
        if not heard.ok:
            LOG.info("saga %s does not wait for this report", report.ticket.saga_id)
        return


def is_awaited(agent: Agent, context: RequestContext, order: ServerOrder) -> bool:
    """Whether the conductor waits for this order; asked once for each saga of a server in a row.

    What the desk knows is lost when the agent ends, and an order may have lain in the queue since
    before; one of a saga that was cancelled must not follow the orders of the next. False too when
    nobody answers: who waits for the order sends it again.
    """
    ticket, pause_s = order.ticket, FIRST_PAUSE_S
    for _ in range(ASKS):
        if agent.over.is_set():
            break
        old = agent.rpc.pins.of("conductor") < CALLS["is_awaited"].since
        if old or agent.desk.is_vouched_for(order):
            return True
        try:
            heard = agent.rpc.call("conductor", "is_awaited", ticket, context)
        except errors.Unavailable as error:
            LOG.warning("saga %s: cannot ask: %s", ticket.saga_id, error.message)
            agent.over.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            continue
        if not heard.ok:
            LOG.info("saga %s does not wait for this order", ticket.saga_id)
            return False
        agent.desk.vouch_for(order)
    return False


def _sentence(name: str, error: Exception) -> str:
    if isinstance(error, errors.ApplianceError):
        return error.message
    return f"{name} failed on the host: {type(error).__name__}: {error}"
