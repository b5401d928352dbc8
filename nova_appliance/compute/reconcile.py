# SPDX-License-Identifier: Apache-2.0
"""Brings the host in line with what the conductor expects: at start, and from time to time.

`plan` is pure. What the conductor did not answer about is never touched.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping

import msgspec

from nova_appliance.common import context as contexts
from nova_appliance.common import errors
from nova_appliance.compute import connections, shared_storage
from nova_appliance.compute.agent import Agent
from nova_appliance.domain.guest import Guest, PowerState
from nova_appliance.rpc.orders import ELSEWHERE, ExpectedServer, ExpectedServers
from nova_appliance.virt.driver import Unsupported

LOG = logging.getLogger(__name__)
RESUME_TRIES = 4
RESUME_PAUSE_S = 2.0
ON_THE_WAY = frozenset(("moving", "resized"))
"""States of servers whose disks are rightly kept: they may come back, or wait to be confirmed."""


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do: `start` a guest again, `reap` one that was deleted as the operator's options
    say, `remove` one that lives elsewhere, whatever they say: it must not run twice; `leave` a
    stranger, `take back` the disks of a server that never left, and start it if there is a guest.
    """

    kind: str
    server_id: str
    guest: Guest | None = None
    lives_at: str | None = None
    """Where a server that is to go from here lives."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is on the host: server id > power state of its guest, and ids of its folders."""

    guests: Mapping[str, PowerState]
    folders: frozenset[str]
    kept: frozenset[str] = frozenset()
    """Servers whose disks are kept for another host to fetch, and are nowhere else here."""

    @property
    def servers(self) -> frozenset[str]:
        """All servers of which there is something."""
        return self.folders | self.guests.keys()


def plan(expected: Collection[ExpectedServer], found: Found, *, resume: bool) -> tuple[Deed, ...]:
    """The deeds, in the order of server ids; `resume`: guests that ran before must run again."""
    known = {server.id: server for server in expected}
    return tuple(
        deed
        for server_id in sorted(found.servers | known.keys())
        for deed in _deeds(server_id, known.get(server_id), found, resume=resume)
    )


def _deeds(
    server_id: str, server: ExpectedServer | None, found: Found, *, resume: bool
) -> Iterator[Deed]:
    if server is None:
        yield Deed(kind="leave", server_id=server_id)
    elif server.deleted:
        if server_id in found.servers:
            kind = "remove" if server.state == ELSEWHERE else "reap"
            yield Deed(kind=kind, server_id=server_id, lives_at=server.lives_at)
    elif server_id in found.kept:
        if server.task is None and server.state not in ON_THE_WAY:
            guest = server.guest if _ran(server) else None
            yield Deed(kind="take back", server_id=server_id, guest=guest)
    elif resume and _should_run(server, found):
        yield Deed(kind="start", server_id=server_id, guest=server.guest)


def _should_run(server: ExpectedServer, found: Found) -> bool:
    """A server with a task is left to its saga, whose order will come again."""
    there = server.guest is not None and server.id in found.folders
    return _ran(server) and there and found.guests.get(server.id) != PowerState.RUNNING


def _ran(server: ExpectedServer) -> bool:
    return (
        server.state in {"active", "rescued"}
        and server.power == PowerState.RUNNING
        and server.task is None
    )


def reconcile(agent: Agent, *, resume: bool) -> tuple[Deed, ...]:
    """Look, ask, plan and do. Raises Unavailable when the conductor does not answer."""
    began = agent.clock.monotonic()
    found = look(agent)
    expected = ask(agent, found.servers)
    deeds = plan(expected, found, resume=resume)
    for deed in deeds:
        carry_out(agent, deed, began)
    return deeds


def resume(agent: Agent) -> None:
    """Start what ran before the host started, look whether it runs, and try again what does not.

    What never comes up is told to the conductor as what it is: off.
    """
    left: list[str] = []
    for attempt in range(RESUME_TRIES):
        if attempt > 1:
            agent.over.wait(RESUME_PAUSE_S)
        deeds = reconcile(agent, resume=True)
        left = [deed.server_id for deed in deeds if deed.kind == "start"]
        if not left:
            return
    LOG.error("servers that ran before the host started may not run: %s", ", ".join(left))


def look(agent: Agent) -> Found:
    """What is on the host now."""
    guests = {seen.server_id: seen.power_state for seen in agent.driver.lifecycle.list_()}
    folders = frozenset(agent.driver.disks.owners())
    kept: frozenset[str] = frozenset()
    if not isinstance(agent.driver.moves, Unsupported):
        kept = agent.driver.moves.kept() - folders
    return Found(guests=guests, folders=folders | kept, kept=kept)


def ask(agent: Agent, seen: Collection[str]) -> tuple[ExpectedServer, ...]:
    """What the conductor expects here, and which of those `seen` are deleted."""
    order = ExpectedServers(host=agent.host, seen=tuple(sorted(seen)))
    answer = agent.rpc.call("conductor", "expected_servers", order, contexts.for_background())
    servers: tuple[ExpectedServer, ...] = answer.servers
    return servers


def carry_out(agent: Agent, deed: Deed, began: float) -> str:
    """Do one deed, unless an order for the server came after `began`: that one knows better.

    Says why it is not done, else nothing. A failure is logged and tried again at the next pass.
    """
    try:
        with agent.servers.hold(deed.server_id):
            if agent.desk.touched_since(deed.server_id, began):
                return "An order for the server came meanwhile."
            DEEDS[deed.kind](agent, deed)
    except errors.ApplianceError as error:
        LOG.warning("server %s: cannot %s: %s", deed.server_id, deed.kind, error.message)
        return error.message
    except Exception as error:
        LOG.exception("server %s: cannot %s", deed.server_id, deed.kind)
        return f"{type(error).__name__}: {error}"
    return ""


def is_shared(agent: Agent, deed: Deed) -> bool:
    """Whether all that we see of the server are disks that its own host sees too."""
    shared = shared_storage.is_shared_with(agent, deed.lives_at)
    return shared and agent.driver.lifecycle.find(deed.server_id) is None


def _start(agent: Agent, deed: Deed) -> None:
    if deed.guest is None:
        return
    LOG.info("server %s ran before the host started; it is started again", deed.server_id)
    agent.driver.power.on(connections.guest(agent, deed.guest))


def _take_back(agent: Agent, deed: Deed) -> None:
    """A move that went back while we were away has left this to us."""
    LOG.warning("server %s did not leave after all; it has its disks again", deed.server_id)
    agent.driver.moves.take_back(deed.server_id)
    if deed.guest is not None:
        agent.driver.power.on(connections.guest(agent, deed.guest))


def _reap(agent: Agent, deed: Deed) -> None:
    action = agent.conf.running_deleted_instance_action
    if action == "noop":
        return
    LOG.warning("server %s is deleted but was found here: %s", deed.server_id, action)
    if action == "shutdown":
        if agent.driver.lifecycle.find(deed.server_id):
            agent.driver.power.off(deed.server_id, 0)
    elif action == "reap":
        _remove(agent, deed)


def _remove(agent: Agent, deed: Deed) -> None:
    """The guest goes, and its disks if the host where it lives does not see them too."""
    shared = shared_storage.is_shared_with(agent, deed.lives_at)
    if is_shared(agent, deed):
        return
    LOG.warning("server %s is removed from this host", deed.server_id)
    agent.driver.lifecycle.destroy(deed.server_id)
    if not shared:
        agent.driver.disks.remove(deed.server_id)
    if not isinstance(agent.driver.moves, Unsupported):
        agent.driver.moves.drop_kept(deed.server_id)


def _leave(_agent: Agent, deed: Deed) -> None:
    LOG.warning("server %s is here but nobody knows it; it is left alone", deed.server_id)


DEEDS: dict[str, Callable[[Agent, Deed], None]] = {
    "start": _start,
    "reap": _reap,
    "remove": _remove,
    "leave": _leave,
    "take back": _take_back,
}
