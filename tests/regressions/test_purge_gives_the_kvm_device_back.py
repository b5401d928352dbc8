# SPDX-License-Identifier: Apache-2.0
"""After `down --purge`, /dev/kvm kept the mode and the group that QEMU's packages had given it."""

from __future__ import annotations

import subprocess
from pathlib import Path

DEBIAN = Path(__file__).parents[2] / "appliance.d" / "debian.sh"
SCRIPT = """
set -euo pipefail
STATE=$2/state KVM=$2/kvm
source "$1"
restore_kvm              # nothing remembered: nothing done
stat -c %a "$KVM"
remember_kvm
chmod 660 "$KVM"         # the packages
remember_kvm             # a second `up`
restore_kvm
stat -c %a "$KVM"
rm "$KVM"
restore_kvm              # a machine without the device
"""


def test_the_mode_of_the_device_comes_back(tmp_path: Path) -> None:
    (tmp_path / "kvm").touch(mode=0o600)
    done = subprocess.run(
        ["bash", "-c", SCRIPT, "test", str(DEBIAN), str(tmp_path)],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "600\n600\n", "")
