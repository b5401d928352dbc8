# SPDX-License-Identifier: Apache-2.0
"""`nova-appliance lab`: a cluster of real hosts on this machine, for rehearsal, tests and CI."""

from __future__ import annotations

import argparse
import dataclasses
import shlex
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nova_appliance.common.errors import Conflict, Invalid
from nova_appliance.embedded.progress import Progress
from nova_appliance.lab import (
    access,
    host,
    inventory,
    layers,
    machine,
    mounts,
    network,
    shape,
    traces,
)
from nova_appliance.lab.shape import Lab

say = print


def run(home: Path, asked: argparse.Namespace) -> int:
    """Do what was asked of the lab in `home`; the exit code. Raises ApplianceError."""
    lab = shape.lab_of(home, asked.name, asked.net)
    return WORDS[asked.lab_word][0](lab, asked)


def remove_all(home: Path) -> None:
    """Every lab of this machine, running or not; nothing there is fine. Package layers stay."""
    folders = (home / "labs").glob("*")
    for name in sorted({folder.name.removesuffix(mounts.GOING) for folder in folders}):
        traces.remove(shape.Lab(home, name))
        say(f"the lab {name!r} is gone")


def _up(lab: Lab, asked: argparse.Namespace) -> int:
    progress = Progress(asked.began)
    if not lab.hosts:
        lab = shape.planned(lab, asked.controllers, asked.computes)
        lab = dataclasses.replace(lab, tls=not asked.plain)
    _start(lab, progress)
    code = 0
    if not asked.bare:
        with progress.phase("site.yml", "running playbooks/site.yml against them"):
            code = inventory.play(lab, "site", asked.words)
    say(progress.table())
    if code == 0:
        say(_how_to_use(lab))
    return code


def _start(lab: Lab, progress: Progress) -> None:
    machine.check(lab.home)
    network.refuse_taken(lab)
    kinds = sorted({one.kind for one in lab.hosts})
    with progress.phase("layers", f"Debian packages for {', '.join(kinds)}: made once, then kept"):
        layers.lower(lab.home, "base")
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda kind: layers.lower(lab.home, kind), kinds))
    names = ", ".join(one.name for one in lab.hosts)
    with progress.phase("hosts", f"starting {names}"):
        access.make_keys(lab)
        shape.remember(lab)
        network.make_bridges(lab)
        for one in lab.hosts:
            host.start(lab, one)
        for one in lab.hosts:
            host.wait(lab, one)
    inventory.write(lab)


def _how_to_use(lab: Lab) -> str:
    return "\n".join(
        [
            f"The lab is up: {', '.join(one.name for one in lab.hosts)}.",
            '  eval "$(./appliance lab env)"      # then: openstack server list',
            "  ./appliance lab ssh controller1    # a shell on a host",
            "  ./appliance lab run check          # a playbook against it",
            "  ./appliance lab down               # removes every trace",
        ]
    )


def _down(lab: Lab, _asked: argparse.Namespace) -> int:
    traces.remove(lab)
    layers.sweep(lab.home)
    say(f"the lab {lab.name!r} is gone; its packages are kept in {lab.home / 'layers'}")
    return 0


def _status(lab: Lab, _asked: argparse.Namespace) -> int:
    for one in lab.hosts:
        state = "up" if host.is_up(lab, one) else "down"
        say(f"{one.name:<16} {lab.address(one.number):<15} {one.kind:<11} {state}")
    if not lab.hosts:
        say(f"there is no lab {lab.name!r}")
        for thing in traces.found(lab):
            say(f"  left of it: {thing}; ./appliance lab down removes it")
    return 0 if lab.hosts and all(host.is_up(lab, one) for one in lab.hosts) else 1


def _env(lab: Lab, _asked: argparse.Namespace) -> int:
    clouds = lab.folder / "secrets" / "clouds.yaml"
    if not clouds.exists():
        raise Conflict(f"{clouds} is not there yet: site.yml writes it when it has run.")
    for name, value in {"OS_CLIENT_CONFIG_FILE": str(clouds), "OS_CLOUD": "appliance"}.items():
        say(f"export {name}={shlex.quote(value)}")
    return 0


def _ssh(lab: Lab, asked: argparse.Namespace) -> int:
    access.become_shell(lab, lab.host(asked.host), asked.words)
    return 1


def _run(lab: Lab, asked: argparse.Namespace) -> int:
    if not lab.hosts:
        raise Conflict(f"There is no lab {lab.name!r}: ./appliance lab up makes it.")
    return inventory.play(lab, asked.playbook, asked.words)


def _host(lab: Lab, asked: argparse.Namespace) -> int:
    if asked.deed == "up":
        if not asked.address and asked.host not in {one.name for one in lab.hosts}:
            raise Invalid(f"Say at which address {asked.host} is to be.")
        if asked.address:
            lab = shape.with_host(lab, asked.host, asked.address, asked.kind)
        _start(lab, Progress())
        return 0
    one = lab.host(asked.host)
    if asked.deed == "cut":
        host.cut_power(lab, one)
        return 0
    host.remove(lab, one)
    left = dataclasses.replace(lab, hosts=tuple(x for x in lab.hosts if x != one))
    shape.remember(left) if left.hosts else traces.remove(lab)
    return 0


WORDS: dict[str, tuple[Callable[[Lab, argparse.Namespace], int], str]] = {
    "up": (_up, "start hosts, run site.yml against them"),
    "down": (_down, "remove every trace of the lab"),
    "status": (_status, "its hosts"),
    "env": (_env, "shell exports for clients"),
    "ssh": (_ssh, "a shell, or a command, on a host"),
    "run": (_run, "a playbook against the lab"),
    "host": (_host, "one host: up NAME ADDRESS, down NAME, cut NAME (its power)"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The words of `lab` and what each of them takes."""
    parser.add_argument("--name", default="lab", help="which lab; several may be up at a time")
    parser.add_argument("--net", default="10.77", help="first half of the addresses of a new lab")
    words = parser.add_subparsers(dest="lab_word", required=True)
    added = {word: words.add_parser(word, help=about) for word, (_, about) in WORDS.items()}
    added["up"].add_argument("--controllers", type=int, default=1)
    added["up"].add_argument("--computes", type=int, default=2)
    added["up"].add_argument("--plain", action="store_true", help="no TLS on any wire")
    added["up"].add_argument("--bare", action="store_true", help="hosts only, no site.yml")
    added["up"].add_argument("--began", type=float, default=0, help=argparse.SUPPRESS)
    added["run"].add_argument("playbook")
    added["ssh"].add_argument("host")
    for word in ("up", "run", "ssh"):
        rest = argparse.REMAINDER if word != "up" else "*"
        added[word].add_argument("words", nargs=rest, help="handed on as they are")
    added["host"].add_argument("deed", choices=("up", "down", "cut"))
    added["host"].add_argument("host", metavar="NAME")
    added["host"].add_argument("address", nargs="?", metavar="ADDRESS")
    added["host"].add_argument("--kind", choices=sorted(layers.KINDS), default="all")
