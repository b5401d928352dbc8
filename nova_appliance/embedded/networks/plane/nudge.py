# SPDX-License-Identifier: Apache-2.0
"""How the data plane is woken, and how it says that it lives. Losing a nudge costs one interval."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import socket
from pathlib import Path

from nova_appliance.common.errors import Conflict
from nova_appliance.embedded.settings import Settings


def directory(settings: Settings) -> Path:
    """Where the data plane keeps its files."""
    return settings.state_dir / "networks"


def send(settings: Settings) -> None:
    """Wake the data plane of this cloud, if one runs."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(OSError):
        sender.settimeout(0)
        sender.sendto(b"!", _address(settings))


def listen(settings: Settings) -> socket.socket:
    """The socket that nudges arrive on; holding it is also being the only data plane."""
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        receiver.bind(_address(settings))
    except OSError as error:
        receiver.close()
        raise Conflict("Another process already runs the networks of this cloud.") from error
    receiver.settimeout(0)
    return receiver


def beat(settings: Settings) -> None:
    """Say that the data plane has just looked after everything."""
    (directory(settings) / "heartbeat").touch()


def last_beat(settings: Settings) -> dt.datetime | None:
    """When the data plane last looked, as naive UTC."""
    try:
        seconds = (directory(settings) / "heartbeat").stat().st_mtime
    except FileNotFoundError:
        return None
    return dt.datetime.fromtimestamp(seconds, dt.UTC).replace(tzinfo=None)


def _address(settings: Settings) -> str:
    """A name in Linux' abstract space: no file to be left over, no limit on the path's length."""
    told = hashlib.sha256(str(settings.state_dir.resolve()).encode()).hexdigest()
    return f"\0nova-appliance-networks-{told[:32]}"
