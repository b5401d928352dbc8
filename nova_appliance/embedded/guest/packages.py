# SPDX-License-Identifier: Apache-2.0
"""Fetches Debian packages through apt and unpacks them into a directory, installing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nova_appliance.common.errors import Unavailable
from nova_appliance.common.run import ProgramFailed, run

DOWNLOAD_S = 240


def unpack(names: Sequence[str], work: Path) -> Path:
    """Download the packages into `work` and return the directory that holds their files."""
    debs, root = work / "debs", work / "root"
    debs.mkdir(parents=True, exist_ok=True)
    root.mkdir(exist_ok=True)
    _download(names, debs)
    for deb in sorted(debs.glob("*.deb")):
        run(["dpkg-deb", "-x", str(deb), str(root)])
    return root


def real_name(meta_package: str) -> str:
    """The package that `meta_package` stands for: the first one it depends on."""
    for line in run(["apt-cache", "depends", meta_package]).splitlines():
        words = line.split()
        if words[:1] == ["Depends:"]:
            return words[1]
    raise Unavailable(f"apt knows no package {meta_package}: is `apt-get update` done?")


def _download(names: Sequence[str], into: Path) -> None:
    try:
        run(
            ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", *names],
            timeout_s=DOWNLOAD_S,
            cwd=into,
        )
    except ProgramFailed as error:
        raise Unavailable(f"apt could not download {' '.join(names)}: {error}") from error
