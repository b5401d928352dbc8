# SPDX-License-Identifier: Apache-2.0
"""`nova-appliance up`: from nothing, or from anything in between, to a cloud with a first server."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nova_appliance.cmd import cloud_qemu
from nova_appliance.common.clock import wait_for
from nova_appliance.common.errors import Unavailable
from nova_appliance.embedded import firstboot, guest, guide, hypervisor, pids
from nova_appliance.embedded import settings as settings_
from nova_appliance.embedded.progress import Progress
from nova_appliance.embedded.settings import Settings

HEALTHY_S = 90


def up(settings: Settings, began_s: float = 0) -> None:
    """Bring everything up and say so; raises ApplianceError with what is in the way."""
    progress = Progress(began_s)
    settings = _settle(settings)
    with ThreadPoolExecutor(1) as beside:
        image = beside.submit(_image, settings, progress)
        with progress.phase("hypervisor", "looking for libvirt"):
            hypervisor.ensure(settings.state_dir, lambda: cloud_qemu.prepare(settings))
        with progress.phase("services", "starting the services"):
            start(settings)
        found = image.result()
    with progress.phase("furnishing", "image, flavors, networks, key"):
        cloud = firstboot.connect(settings)
        firstboot.furnish(cloud, settings, found)
    guide.write(settings)
    first = _first_server(settings, progress)
    progress.say("done; the time went to")
    console = firstboot.console_url(cloud, first) if first else ""
    page = guide.page(settings, first.address if first else None, console)
    print(progress.table(), page, sep="\n\n")  # noqa: T201


def start(settings: Settings) -> None:
    """Start the services as a daemon unless they run, and wait until they answer."""
    pidfile = pid_file(settings)
    if pids.living(pidfile) is None:
        log = log_file(settings)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "nova_appliance.cmd.appliance", "serve"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=os.environ | {"NOVA_APPLIANCE_STATE": str(settings.state_dir)},
                cwd="/",
                start_new_session=True,
            )
        pids.write(pidfile, process.pid)
    over = wait_for(lambda: is_healthy(settings) or pids.living(pidfile) is None, HEALTHY_S, 0.1)
    if not over or not is_healthy(settings):
        raise Unavailable(
            f"The services do not answer. The end of {log_file(settings)}:\n{_end_of_log(settings)}"
        )


def is_healthy(settings: Settings) -> bool:
    """Whether the Compute API says that it is well."""
    url = f"http://{settings.host}:{settings.compute_port}/healthcheck"
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5) as answer:
        return bool(answer.status == 200)
    return False


def _end_of_log(settings: Settings, lines: int = 8) -> str:
    return "\n".join(log_file(settings).read_text(errors="replace").splitlines()[-lines:])


def pid_file(settings: Settings) -> Path:
    """Where the process number of the services is kept."""
    return settings.state_dir / "run" / "nova-appliance.pid"


def log_file(settings: Settings) -> Path:
    """What the services write."""
    return settings.state_dir / "log" / "nova-appliance.log"


def _settle(settings: Settings) -> Settings:
    """The first `up` writes the settings down; the user may edit them before the next."""
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    if not (settings.state_dir / "settings.json").exists():
        settings = dataclasses.replace(settings, network_plane="linux")
        settings_.save(settings)
    return settings


def _image(settings: Settings, progress: Progress) -> Path:
    with progress.phase("guest image", "guest image: looking, building it if it is not there"):
        return guest.cached(settings.state_dir / "guest")


def _first_server(settings: Settings, progress: Progress) -> firstboot.Seen | None:
    cloud = firstboot.connect(settings)
    seen = firstboot.first_server(cloud, settings)
    if seen is None:
        progress.say("the first server was deleted by its user, and stays so")
        return None
    if seen.made_now or seen.status == "BUILD":
        with progress.phase("server built", "building the server `first`"):
            seen = firstboot.wait_active(cloud, seen)
        with progress.phase("guest booted", "waiting for the guest to say that it is ready"):
            progress.say(firstboot.wait_ready(cloud, seen, print))
    else:
        progress.say(f"the server `first` is {seen.status}")
    return seen
