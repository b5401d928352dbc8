# SPDX-License-Identifier: Apache-2.0
"""Our lines in libvirt's qemu.conf: screens ask for certificates. The rest of the file is not ours."""

from __future__ import annotations

import os
import pwd
import re
import tempfile
from pathlib import Path

CONF = Path("/etc/libvirt/qemu.conf")
USERS = ("libvirt-qemu", "qemu")
"""Whom QEMU runs as, by distribution."""
BEGIN, END = "# nova-appliance begins", "# nova-appliance ends"
LINES = """{begin}: removed by `nova-appliance down --purge`
vnc_tls = 1
vnc_tls_x509_verify = 1
vnc_tls_x509_cert_dir = "{folder}"
spice_tls = 1
spice_tls_x509_cert_dir = "{folder}"
{end}
"""
_OURS = re.compile(rf"\n?{BEGIN}.*?{END}\n", re.DOTALL)
_THEIRS = re.compile(r"^\s*(vnc|spice)_tls", re.MULTILINE)


def qemu_user() -> int | None:
    """The number of the user that QEMU runs as; None where there is none that we know."""
    for name in USERS:
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return None


def ask_for_certificates(folder: Path) -> bool:
    """Have our lines in the file; False when its owner has said something about TLS already."""
    text = _OURS.sub("", _read())
    if _THEIRS.search(text):
        return False
    joint = "" if not text or text.endswith("\n") else "\n"
    _write(f"{text}{joint}\n" + LINES.format(begin=BEGIN, end=END, folder=folder))
    return True


def folder_asked_for() -> str | None:
    """The folder that our lines name; None when they are not there."""
    ours = _OURS.search(_read())
    found = re.search(r'vnc_tls_x509_cert_dir = "(.*)"', ours[0]) if ours else None
    return found[1] if found else None


def forget() -> None:
    """Have our lines there no more."""
    text = _read()
    if (without := _OURS.sub("", text)) != text:
        _write(without)


def _read() -> str:
    try:
        return CONF.read_text()
    except FileNotFoundError:
        return ""


def _write(text: str) -> None:
    CONF.parent.mkdir(parents=True, exist_ok=True)
    mode = CONF.stat().st_mode & 0o777 if CONF.exists() else 0o600
    handle, name = tempfile.mkstemp(dir=CONF.parent, prefix=".qemu.conf.")
    with os.fdopen(handle, "w") as file:
        os.fchmod(handle, mode)
        file.write(text)
        file.flush()
        os.fsync(handle)
    Path(name).replace(CONF)
