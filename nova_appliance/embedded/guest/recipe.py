# SPDX-License-Identifier: Apache-2.0
"""What the guest image is made of: tables only; changing a row makes another image."""

from __future__ import annotations

KERNEL_META_PACKAGE = "linux-image-cloud-amd64"

# Downloaded and unpacked, never installed on this machine.
PACKAGES = (
    "busybox",
    "dropbear-bin",
    "e2fsprogs",
    "libc6",
    "libcom-err2",
    "libcrypt1",
    "libext2fs2",
    "libglib2.0-0",
    "libgmp10",
    "libnuma1",
    "libpcre2-8-0",
    "libtomcrypt1",
    "libtommath1",
    "libudev1",
    "liburing2",
    "qemu-guest-agent",
    "zlib1g",
)

# Program in the guest > where Debian's package may have it.
PROGRAMS = {
    "bin/busybox": ("bin/busybox", "usr/bin/busybox"),
    "bin/dropbear": ("usr/sbin/dropbear",),
    "bin/qemu-ga": ("usr/sbin/qemu-ga",),
    "bin/resize2fs": ("sbin/resize2fs", "usr/sbin/resize2fs"),
    "lib64/ld-linux-x86-64.so.2": (
        "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
        "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
    ),
}

LIBRARY_DIRS = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
LIBRARIES = (
    "libc.so.6",
    "libcom_err.so.2",
    "libcrypt.so.1",
    "libe2p.so.2",
    "libext2fs.so.2",
    "libglib-2.0.so.0",
    "libgmodule-2.0.so.0",
    "libgmp.so.10",
    "libm.so.6",
    "libnuma.so.1",
    "libpcre2-8.so.0",
    "libresolv.so.2",
    "libtomcrypt.so.1",
    "libtommath.so.1",
    "libudev.so.1",
    "liburing.so.2",
    "libz.so.1",
)

# File in the guest > (our file, mode).
FILES = {
    "bin/chpasswd": ("chpasswd.sh", 0o755),
    "etc/guest/agent": ("agent.sh", 0o755),
    "etc/guest/boot": ("boot.sh", 0o755),
    "etc/guest/drive": ("drive.sh", 0o755),
    "etc/guest/frozen": ("frozen.sh", 0o755),
    "etc/guest/halt": ("halt.sh", 0o755),
    "etc/guest/json.awk": ("json.awk", 0o644),
    "etc/guest/lease": ("lease.sh", 0o755),
    "etc/guest/metadata": ("metadata.sh", 0o755),
    "etc/guest/nic": ("nic.sh", 0o755),
    "etc/guest/plugged": ("plugged.sh", 0o755),
    "etc/guest/say": ("say.sh", 0o755),
    "etc/guest/seed": ("seed.sh", 0o755),
    "etc/guest/userdata": ("userdata.sh", 0o755),
    "etc/acpi/PWRF/00000080": ("power_button.sh", 0o755),
    "etc/group": ("group.txt", 0o644),
    "etc/inittab": ("inittab.txt", 0o644),
    "etc/passwd": ("passwd.txt", 0o644),
    "etc/profile": ("profile.sh", 0o644),
    "etc/shadow": ("shadow.txt", 0o600),
    "sbin/shutdown": ("shutdown.sh", 0o755),
}

LINKS = {"init": "bin/busybox", "bin/sh": "busybox", "etc/dropbear": "/data/.guest/dropbear"}

# Directory in the guest > mode.
DIRECTORIES = {
    "data": 0o755,
    "dev": 0o755,
    "home": 0o755,
    "home/tiny": 0o700,
    "mnt": 0o755,
    "proc": 0o555,
    "root": 0o700,
    "run": 0o755,
    "sys": 0o555,
    "tmp": 0o1777,
    "var": 0o755,
    "var/log": 0o755,
}

# Kernel modules; what they depend on comes along. The cloud kernel has ext4, no ahci.
MODULES = (
    "ata_piix",
    "button",
    "evdev",
    "isofs",
    "nls_ascii",
    "nls_cp437",
    "nls_iso8859-1",
    "sd_mod",
    "sr_mod",
    "vfat",
    "virtio-rng",
    "virtio_balloon",
    "virtio_blk",
    "virtio_console",
    "virtio_net",
    "virtio_pci",
    "virtio_scsi",
    "vmxnet3",
)

GRUB_DIR = "/usr/lib/grub/i386-pc"
GRUB_MODULES = ("biosdisk", "part_msdos", "ext2", "linux16", "boot")

# The disk, in MiB: a boot partition that is never written and one for /data that takes the rest.
BOOT_START, BOOT_SIZE, DATA_SIZE = 1, 24, 39
DATA_LABEL = "guest-data"
SECTORS_PER_MIB = 2048
# The partition table promises far more than the disk has: Linux cuts the partition where the
# disk ends, so a larger disk gives a larger /data without a partition tool in the guest.
DATA_SECTORS_PROMISED = 2**32 - 1 - (BOOT_START + BOOT_SIZE) * SECTORS_PER_MIB
