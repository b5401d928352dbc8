# SPDX-License-Identifier: Apache-2.0
"""The dnsmasq of each network: started in its namespace, told of changes, stopped by its pid."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from nova_appliance.common.clock import wait_for
from nova_appliance.common.run import run
from nova_appliance.embedded.networks.plane import dhcp_files, nudge
from nova_appliance.embedded.networks.plane.wanted import Dhcp
from nova_appliance.embedded.settings import Settings

STOP_S = 3
LOG_BYTES = 4 * 1024 * 1024


def keep(settings: Settings, dhcp: Dhcp, *, reread: bool) -> None:
    """Files right, dnsmasq running with them; a running one is told to read again if it must."""
    place = dhcp_files.directory(settings, dhcp.network_id)
    place.mkdir(parents=True, exist_ok=True)
    changed = dhcp_files.keep_network(settings, dhcp)
    wanted = dhcp_files.configuration(settings, dhcp, _user(place))
    pid = _pid(place)
    leases, has_stale = dhcp_files.stale(_text(place / "leases"), dhcp)
    if pid and not has_stale and _text(place / "conf") == wanted:
        _bound_log(place / "log")
        if changed or reread:
            _signal(pid, signal.SIGHUP)
        return
    stop(place)
    if has_stale:
        (place / "leases").write_text(leases)
    (place / "conf").write_text(wanted)
    run(["ip", "netns", "exec", dhcp.namespace, "dnsmasq", f"--conf-file={place / 'conf'}"])


def _bound_log(log: Path) -> None:
    """Dnsmasq appends for ever; it does not mind that what was written is thrown away."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES:
            os.truncate(log, 0)


def is_running(settings: Settings, network_id: str) -> bool:
    """Whether the network's dnsmasq lives."""
    return _pid(dhcp_files.directory(settings, network_id)) is not None


def stop_others(settings: Settings, wanted: Iterable[str]) -> None:
    """Stop the DHCP services of networks that are not wanted, and forget their files."""
    home = nudge.directory(settings) / "dhcp"
    for name in {path.name for path in home.glob("*")} - set(wanted):
        stop(home / name)
        shutil.rmtree(home / name, ignore_errors=True)


def stop(place: Path) -> None:
    """Stop one dnsmasq; a deaf one is killed."""
    pid = _pid(place)
    if pid is None:
        return
    _signal(pid, signal.SIGTERM)
    if not wait_for(partial(_is_over, pid), STOP_S, 0.01):
        _signal(pid, signal.SIGKILL)
        wait_for(partial(_is_over, pid), STOP_S, 0.01)


def _pid(place: Path) -> int | None:
    """The pid, if that process really is the dnsmasq of this place and no zombie."""
    with contextlib.suppress(OSError, ValueError):
        pid = int(_text(place / "pid"))
        if f"--conf-file={place / 'conf'}" in Path(f"/proc/{pid}/cmdline").read_text().split("\0"):
            return pid
    return None


def _is_over(pid: int) -> bool:
    """Whether the process has let go of its sockets: it is gone, or only its end is to be noted."""
    with contextlib.suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""


def _user(place: Path) -> str:
    """An unprivileged user, where such a one can reach the files."""
    reachable = all(parent.stat().st_mode & 0o001 for parent in [place, *place.parents])
    return "nobody" if reachable else "root"
