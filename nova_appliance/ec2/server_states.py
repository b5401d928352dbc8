# SPDX-License-Identifier: Apache-2.0
"""A server's state in EC2's words, and the reasons that EC2 tells with it."""

from __future__ import annotations

from typing import Any

from nova_appliance.domain.server import Server

RUNNING = 1
PENDING, UP, SHUTTING_DOWN, TERMINATED, STOPPING, STOPPED = (
    {"Code": 0, "Name": "pending"},
    {"Code": 16, "Name": "running"},
    {"Code": 32, "Name": "shutting-down"},
    {"Code": 48, "Name": "terminated"},
    {"Code": 64, "Name": "stopping"},
    {"Code": 80, "Name": "stopped"},
)
BY_STATE = {
    "building": PENDING,
    "active": UP,
    "rescued": UP,
    "resized": UP,
    "stopped": STOPPED,
    "paused": STOPPED,
    "suspended": STOPPED,
    "shelved": STOPPED,
    "shelved_offloaded": STOPPED,
    "deleted": TERMINATED,
    "soft-delete": TERMINATED,
}
BY_TASK = {
    "deleting": SHUTTING_DOWN,
    "soft-deleting": SHUTTING_DOWN,
    "powering-off": STOPPING,
    "powering-on": PENDING,
}
"""Tasks that show, whatever the state."""
NO_HOST = "No valid host"
USER = {
    "Code": "Client.UserInitiatedShutdown",
    "Message": "Client.UserInitiatedShutdown: User initiated shutdown",
}


def state(server: Server) -> dict[str, Any]:
    """Code and name: `{"Code": 16, "Name": "running"}`."""
    if server.deleted:
        return TERMINATED
    if server.task in BY_TASK:
        return BY_TASK[server.task]
    if server.state == "error":
        return _state_in_error(server)
    return BY_STATE.get(server.state, PENDING)


def _state_in_error(server: Server) -> dict[str, Any]:
    """What never ran is as good as terminated to EC2's clients; the rest is as its power is."""
    if server.launched_at is None:
        return TERMINATED
    return UP if server.power == RUNNING else STOPPED


def reason(server: Server) -> dict[str, str] | None:
    """StateReason: why it is not running."""
    if server.state == "error":
        message = server.fault.message if server.fault else "An internal error occurred"
        code = "InsufficientInstanceCapacity" if message.startswith(NO_HOST) else "InternalError"
        return {"Code": f"Server.{code}", "Message": f"Server.{code}: {message}"}
    if state(server) in (STOPPED, TERMINATED):
        return USER
    return None


def transition(server: Server) -> str:
    """The reason of the last transition, in AWS's form."""
    told = reason(server)
    if told is None:
        return ""
    if told is not USER:
        return told["Code"]
    ended = server.deleted_at or server.terminated_at or server.updated_at or server.created_at
    return f"User initiated ({ended:%Y-%m-%d %H:%M:%S} GMT)"
