# SPDX-License-Identifier: Apache-2.0
"""Whether KVM really runs guests here: start a tiny one with a time limit and look how it ends.

/dev/kvm may exist and yet hang ordinary guests. The answer is kept until the host boots again.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from nova_appliance.common.run import ProgramFailed, run
from nova_appliance.virt.libvirt.probe_guest import EXIT_CODE, EXIT_PORT, boot_sector

LOG = logging.getLogger(__name__)

QEMU = "qemu-system-x86_64"
KVM_DEVICE = Path("/dev/kvm")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TIME_LIMITS_S = (2.0, 4.0)
"""The guest needs 0.2 s; a host that was busy the first time gets a second chance."""


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """The last answer, and the boot of the host for which it holds."""

    boot_id: str
    virt_type: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Facts:
    """What the plan depends on."""

    wanted: str
    """virt_type of the settings."""
    has_kvm: bool
    boot_id: str
    remembered: Remembered | None = None


def plan(facts: Facts) -> str | None:
    """Say which virt_type to use; None when only a try can tell."""
    if facts.wanted != "auto":
        return facts.wanted
    if not facts.has_kvm:
        return "qemu"
    last = facts.remembered
    return last.virt_type if last is not None and last.boot_id == facts.boot_id else None


def choose_virt_type(wanted: str, memory: Path, try_kvm: Callable[[], bool] | None = None) -> str:
    """Choose kvm or qemu for `auto`, and keep the answer in the file `memory`."""
    boot_id = BOOT_ID.read_text().strip() if BOOT_ID.exists() else ""
    usable = os.access(KVM_DEVICE, os.R_OK | os.W_OK)
    facts = Facts(wanted=wanted, has_kvm=usable, boot_id=boot_id, remembered=_recall(memory))
    chosen = plan(facts)
    if chosen is None:
        chosen = "kvm" if (try_kvm or kvm_works)() else "qemu"
        LOG.info("Tried a guest with KVM: using %s", chosen)
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_bytes(msgspec.json.encode(Remembered(boot_id=boot_id, virt_type=chosen)))
    return chosen


def _recall(memory: Path) -> Remembered | None:
    try:
        return msgspec.json.decode(memory.read_bytes(), type=Remembered)
    except (OSError, msgspec.DecodeError):
        return None


def kvm_works() -> bool:
    """Start the tiny guest with KVM, up to two times."""
    return any(guest_ends_well("kvm", limit_s) for limit_s in TIME_LIMITS_S)


def guest_ends_well(accelerator: str, limit_s: float) -> bool:
    """Whether the tiny guest came to its end in time under this accelerator."""
    with tempfile.NamedTemporaryFile() as disk:
        disk.write(boot_sector())
        disk.flush()
        try:
            run(_command(accelerator, disk.name), timeout_s=limit_s)
        except ProgramFailed as ended:
            return ended.code == EXIT_CODE
    return False


def _command(accelerator: str, disk: str) -> list[str]:
    return [
        QEMU, "-accel", accelerator, "-machine", "pc", "-m", "16",
        "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
        "-drive", f"file={disk},format=raw,if=ide,readonly=off",
        "-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=1",
    ]  # fmt: skip
