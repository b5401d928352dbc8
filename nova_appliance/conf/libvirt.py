# SPDX-License-Identifier: Apache-2.0
"""[libvirt]: the libvirt driver."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "libvirt": (
        cfg.StrOpt("connection_uri", default="", help="Empty: chosen by virt_type."),
        cfg.StrOpt(
            "virt_type",
            default="auto",
            choices=("auto", "kvm", "qemu", "lxc", "parallels", "xen", "test"),
            help="auto starts a tiny guest to see whether KVM works.",
        ),
        cfg.StrOpt(
            "cpu_mode",
            default="",
            choices=("", "host-model", "host-passthrough", "custom", "none"),
            help="Empty: host-model with KVM, a named model without.",
        ),
        cfg.StrOpt(
            "rescue_image_id",
            default="",
            help="Image that rescue boots from; empty: the server's own image.",
        ),
        cfg.IntOpt(
            "tb_cache_size",
            default=128,
            min=0,
            help="MiB that QEMU without KVM may take for translated code of each guest; 0: as it likes, 1 GiB.",
        ),
        cfg.ListOpt("cpu_models", default=[], help="For cpu_mode custom."),
        cfg.StrOpt(
            "live_migration_scheme",
            default="tls",
            choices=("tls", "tcp", "ssh"),
            help="How the libvirtd of one host reaches that of another.",
        ),
        cfg.StrOpt("live_migration_uri", help="URI of a host's libvirtd; %s is its address."),
        cfg.BoolOpt("live_migration_permit_post_copy", default=False, help="For those in haste."),
        cfg.BoolOpt("live_migration_permit_auto_converge", default=False, help="Slow guests down."),
        cfg.BoolOpt("live_migration_with_native_tls", default=False, help="QEMU's own TLS."),
        cfg.IntOpt("live_migration_downtime", default=500, min=100, help="Milliseconds at most."),
        cfg.IntOpt("live_migration_bandwidth", default=0, min=0, help="MiB/s; 0 is no limit."),
        cfg.IntOpt(
            "live_migration_completion_timeout", default=800, min=0, help="Seconds for each GiB."
        ),
        cfg.StrOpt(
            "live_migration_timeout_action",
            default="abort",
            choices=("abort", "force_complete"),
            help="What is done when the time is over.",
        ),
        cfg.StrOpt("live_migration_inbound_addr", help="Our address for it; empty is my_ip."),
        cfg.BoolOpt("volume_use_multipath", default=False, help="Volumes by several paths."),
        cfg.StrOpt(
            "nfs_mount_point_base", default="/var/lib/nova/mnt", help="Where shares are mounted."
        ),
        cfg.StrOpt("nfs_mount_options", help="Options of mount -t nfs."),
        cfg.StrOpt("root_helper", default="sudo", help="By which os-brick becomes root."),
        cfg.StrOpt("images_type", default="qcow2", choices=("qcow2", "raw", "flat"), help="Disks."),
    ),
}
