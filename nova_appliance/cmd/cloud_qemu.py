# SPDX-License-Identifier: Apache-2.0
"""QEMU's certificate in the cloud of one process: only where this cloud starts libvirt itself."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from nova_appliance.cert.place import Place
from nova_appliance.cmd import cloud_authority
from nova_appliance.embedded import qemu_conf
from nova_appliance.embedded.settings import Settings

FOLDERS = Path("/etc/pki/libvirt-vnc")
"""AppArmor lets QEMU read there."""


def prepare(settings: Settings) -> None:
    """Give QEMU a certificate and have it ask for ours; before libvirt is started."""
    owner = qemu_conf.qemu_user()
    if owner is None or os.geteuid() != 0:
        return
    its = place(settings)
    cloud_authority.issue(settings, its, "qemu")
    for name in ("key.pem", "bundle.pem"):
        os.chown(its.folder / name, owner, -1)
    qemu_conf.ask_for_certificates(its.folder)


def forget(settings: Settings) -> None:
    """Take back what `prepare` did."""
    its = place(settings)
    if qemu_conf.folder_asked_for() == str(its.folder):
        qemu_conf.forget()
    shutil.rmtree(its.folder, ignore_errors=True)


def place(settings: Settings) -> Place:
    """Where this cloud's QEMU looks for its certificate."""
    digest = hashlib.sha256(str(settings.state_dir).encode()).hexdigest()[:8]
    return Place(FOLDERS / f"nova-appliance-{digest}")
