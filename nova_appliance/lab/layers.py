# SPDX-License-Identifier: Apache-2.0
"""Layers: Debian with the packages of a kind of host, made once, kept, and laid under each host.

Made with the machine's own apt settings; hosts themselves reach no mirror. Units are left disabled.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from nova_appliance.common.run import run
from nova_appliance.lab import mounts

RELEASE = "bookworm"
KINDS = {
    "base": (),
    "controller": ("controller",),
    "compute": ("compute",),
    "all": ("controller", "compute"),
    "nova": ("nova",),
    "neighbours": ("controller",),
}
"""Kind of host > layers on top of the base."""
SHELL_S = 1800
APT_CONF = """APT::Install-Recommends "0";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
"""
INSTALL = """set -e
printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
apt-get -qq update
apt-get -qq -y -o DPkg::Options::=--force-unsafe-io install "$@"
rm -f /usr/sbin/policy-rc.d
"""
NSPAWN = (
    "systemd-nspawn", "-q", "--register=no", "--keep-unit", "--pipe", "--as-pid2",
    "--resolv-conf=replace-host", "--timezone=off",
)  # fmt: skip


def lower(home: Path, kind: str) -> tuple[Path, ...]:
    """Folders to lay under a host of that kind, the topmost first; made now if they are missing."""
    found = [_base(home)]
    for layer in KINDS[kind]:
        found.insert(0, _layer(home, layer, tuple(found)))
    return tuple(found)


def sweep(home: Path) -> None:
    """Remove what an interrupted making or removing left, and layers of other packages that no host lies on."""
    in_use = Path("/proc/self/mounts").read_text()
    fresh = _fresh(home)
    for folder in sorted((home / "layers").glob("*-*")):
        name = folder.name.removesuffix(mounts.GOING).removesuffix(".new")
        used = any(f"{before}{folder}" in in_use for before in ("lowerdir=", ":"))
        stale = folder.name != name or (name not in fresh and not used)
        with _unless_busy(home, name) as free:
            if stale and free:
                mounts.remove(folder)


def _fresh(home: Path) -> frozenset[str]:
    base = home / "layers" / f"base-{_mark('base', ())}"
    names = [base.name]
    for layers in KINDS.values():
        below: tuple[Path, ...] = (base,)
        for layer in layers:
            folder = base.with_name(f"{layer}-{_mark(layer, below)}")
            names.append(folder.name)
            below = (folder, *below)
    return frozenset(names)


def packages(layer: str) -> tuple[str, ...]:
    """What packages.tsv says of that layer."""
    text = resources.files("nova_appliance.lab").joinpath("packages.tsv").read_text()
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return tuple(package for name, package in rows if name == layer)


def _base(home: Path) -> Path:
    folder = home / "layers" / f"base-{_mark('base', ())}"
    with _one_at_a_time(home, folder.name):
        if folder.exists():
            return folder
        beside = folder.with_name(f"{folder.name}.new")
        mounts.remove(beside)
        beside.parent.mkdir(parents=True, exist_ok=True)
        apt = _apt_folder(home, "base")
        run(
            [
                "mmdebstrap",
                "--variant=minbase",
                f"--include={','.join(packages('base'))}",
                f"--aptopt={apt}/apt.conf.d/90lab",
                RELEASE,
                str(beside),
                *map(str, _sources(apt)),
            ],
            timeout_s=SHELL_S,
        )
        beside.rename(folder)
    return folder


def _layer(home: Path, layer: str, below: tuple[Path, ...]) -> Path:
    folder = home / "layers" / f"{layer}-{_mark(layer, below)}"
    with _one_at_a_time(home, folder.name):
        if folder.exists():
            return folder
        beside = folder.with_name(f"{folder.name}.new")
        mounts.remove(beside)
        root = mounts.overlay(beside, below)
        _install(home, root, layer)
        run(["umount", str(root)])
        for enabled in (beside / "up/etc/systemd/system").glob("*.wants/*"):
            enabled.unlink()
        (beside / "up").rename(folder)
        mounts.remove(beside)
    return folder


def _install(home: Path, root: Path, layer: str) -> None:
    archives, lists = home / "cache" / layer / "archives", home / "cache" / layer / "lists"
    for one in (archives, lists):
        (one / "partial").mkdir(parents=True, exist_ok=True)
    binds = (
        f"--bind-ro={_apt_folder(home, layer)}:/etc/apt",
        f"--bind={archives}:/var/cache/apt/archives",
        f"--bind={lists}:/var/lib/apt/lists",
    )
    settings = [f"--setenv={name}" for name in os.environ if name.lower().endswith("_proxy")]
    settings.append("--setenv=DEBIAN_FRONTEND=noninteractive")
    shell = ("sh", "-c", INSTALL, "sh", *packages(layer))
    run([*NSPAWN, "-D", str(root), *binds, *settings, *shell], timeout_s=SHELL_S)


def _apt_folder(home: Path, layer: str) -> Path:
    """The machine's own sources, keys and settings for fetching, and our own for installing."""
    folder = home / "cache" / layer / "apt"
    shutil.rmtree(folder, ignore_errors=True)
    machine = Path("/etc/apt")
    for name in ("apt.conf.d", "preferences.d", "sources.list.d"):
        (folder / name).mkdir(parents=True)
    for name in ("keyrings", "trusted.gpg.d", "auth.conf.d"):
        if (machine / name).is_dir():
            shutil.copytree(machine / name, folder / name)
    for source in _sources(machine):
        target = folder / source.relative_to(machine)
        shutil.copy(source, target)
    fetching = run(["apt-config", "dump", "Acquire"])
    (folder / "apt.conf.d" / "90lab").write_text(fetching + APT_CONF)
    return folder


def _sources(folder: Path) -> tuple[Path, ...]:
    """Files that name Debian's mirrors; those of others have no place in a host."""
    found = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    return tuple(
        one
        for one in found
        if one.suffix in (".list", ".sources") and one.exists() and RELEASE in one.read_text()
    )


def _mark(layer: str, below: tuple[Path, ...]) -> str:
    words = (RELEASE, *packages(layer), *(one.name for one in below))
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:10]


@contextlib.contextmanager
def _one_at_a_time(home: Path, name: str) -> Iterator[None]:
    """Two labs may need the same layer at once; whoever comes second finds it made."""
    (home / "cache").mkdir(parents=True, exist_ok=True)
    with (home / "cache" / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _unless_busy(home: Path, name: str) -> Iterator[bool]:
    (home / "cache").mkdir(parents=True, exist_ok=True)
    with (home / "cache" / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
