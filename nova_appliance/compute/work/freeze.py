# SPDX-License-Identifier: Apache-2.0
"""Calls `freeze` and `thaw`: a guest's file systems hold still while others copy its volumes.

Whoever asked may die: a file on the host remembers what is frozen, and a job thaws what is so for too long.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
from pathlib import Path

from nova_appliance.common import errors, ids
from nova_appliance.compute.agent import Agent
from nova_appliance.rpc.orders import Empty, GuestAsked, Thawed
from nova_appliance.virt.driver import NoSuchGuest

LOG = logging.getLogger(__name__)
LASTS_S = 60.0
"""A guest that cannot write for longer does not recover from it as if nothing had been."""


def freeze(agent: Agent, order: GuestAsked) -> Empty:
    """Freeze the guest; raises NoSuchGuest, NoGuestAgent, Unsupported, and then it is not frozen.

    Raises Conflict for one that is frozen for somebody else.
    """
    mark = _mark(agent, order.server_id)
    _remember(mark, agent.clock.now().isoformat())
    try:
        agent.driver.inside.freeze(order.server_id)
    except errors.ApplianceError:
        with contextlib.suppress(errors.ApplianceError):
            agent.driver.inside.thaw(order.server_id)
        mark.unlink(missing_ok=True)
        raise
    return Empty()


def thaw(agent: Agent, order: GuestAsked) -> Thawed:
    """Let the guest write again; one that is gone writes nothing. Raises NoGuestAgent."""
    mark = _mark(agent, order.server_id)
    lasted = mark.exists() and not _is_late(agent, mark)
    with contextlib.suppress(NoSuchGuest):
        agent.driver.inside.thaw(order.server_id)
    mark.unlink(missing_ok=True)
    return Thawed(lasted=lasted)


def thaw_late(agent: Agent) -> int:
    """Thaw the guests that nobody thawed in time; how many."""
    marks = [mark for mark in _folder(agent).glob("*") if ids.is_id(mark.name)]
    late = [mark for mark in marks if _is_late(agent, mark)]
    for mark in late:
        LOG.warning("server %s was frozen for too long: it writes again", mark.name)
        thaw(agent, GuestAsked(server_id=mark.name))
    return len(late)


def _remember(mark: Path, text: str) -> None:
    """Make the file, whole or not at all. Raises Conflict when there is one."""
    mark.parent.mkdir(parents=True, exist_ok=True)
    part = mark.with_name(f"{ids.new_id()}.part")
    part.write_text(text)
    try:
        mark.hardlink_to(part)
    except FileExistsError as error:
        raise errors.Conflict(f"Server {mark.name} is frozen for another copy.") from error
    finally:
        part.unlink()


def _is_late(agent: Agent, mark: Path) -> bool:
    try:
        since = dt.datetime.fromisoformat(mark.read_text())
    except FileNotFoundError:
        return False
    return agent.clock.now() - since > dt.timedelta(seconds=LASTS_S)


def _mark(agent: Agent, server_id: str) -> Path:
    return _folder(agent) / Path(server_id).name


def _folder(agent: Agent) -> Path:
    return Path(agent.conf.state_path) / "frozen"
