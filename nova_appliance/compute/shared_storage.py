# SPDX-License-Identifier: Apache-2.0
"""Which hosts see the same folder of servers: each leaves a file with its name there."""

from __future__ import annotations

from pathlib import Path

from nova_appliance.compute.agent import Agent

FOLDER = "hosts"


def sign(agent: Agent) -> None:
    """Leave our name; done at each start."""
    folder = _folder(agent)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / agent.host).touch()


def is_shared_with(agent: Agent, host: str | None) -> bool:
    """Whether the disks that we see are those that this other host sees."""
    return host not in (None, agent.host) and (_folder(agent) / Path(str(host)).name).is_file()


def _folder(agent: Agent) -> Path:
    return Path(agent.conf.instances_path) / FOLDER
