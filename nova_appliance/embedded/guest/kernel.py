# SPDX-License-Identifier: Apache-2.0
"""Finds the kernel and its modules in an unpacked Debian kernel package."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from nova_appliance.common.errors import Unavailable
from nova_appliance.common.run import run
from nova_appliance.embedded.guest import initrd


@dataclasses.dataclass(frozen=True)
class Kernel:
    """One kernel: its release, its image, and the directory of its modules."""

    release: str
    image: Path
    modules: Path


def find(root: Path) -> Kernel:
    """The kernel under `root`, with its modules' dependencies worked out."""
    images = sorted(root.glob("boot/vmlinuz-*"))
    if not images:
        raise Unavailable(f"no kernel in {root}")
    release = images[-1].name.removeprefix("vmlinuz-")
    base = root if (root / "lib/modules").is_dir() else root / "usr"
    run(["depmod", "-b", str(base), release])
    return Kernel(release, images[-1], base / "lib/modules" / release)


def modules(kernel: Kernel, names: Iterable[str]) -> list[initrd.Entry]:
    """Archive entries of the named modules, all they depend on, and their list for modprobe."""
    depends = _depends((kernel.modules / "modules.dep").read_text())
    files = {Path(path).name.split(".")[0].replace("-", "_"): path for path in depends}
    wanted: dict[str, None] = {}
    for name in names:
        path = files.get(name.replace("-", "_"))
        if path:  # else it is built into this kernel
            wanted |= dict.fromkeys([path, *depends[path]])
    home = f"lib/modules/{kernel.release}"
    listing = "".join(f"{path}: {' '.join(depends[path])}\n" for path in wanted)
    return [
        initrd.file(f"{home}/modules.dep", listing.encode()),
        *(initrd.file(f"{home}/{path}", (kernel.modules / path).read_bytes()) for path in wanted),
    ]


def _depends(text: str) -> dict[str, list[str]]:
    rows = (line.split(":", 1) for line in text.splitlines())
    return {path: needs.split() for path, needs in rows}
