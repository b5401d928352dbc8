# SPDX-License-Identifier: Apache-2.0
"""nova-compute: driver, ratios, reservations, periodic jobs, limits of work at once."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "DEFAULT": (
        cfg.StrOpt("compute_driver", default="libvirt", help="libvirt or fake."),
        cfg.FloatOpt("cpu_allocation_ratio", default=4.0, min=0.0, help="vCPUs per core."),
        cfg.FloatOpt("ram_allocation_ratio", default=1.0, min=0.0, help="Of memory."),
        cfg.FloatOpt("disk_allocation_ratio", default=1.0, min=0.0, help="Of local disk."),
        cfg.IntOpt("reserved_host_cpus", default=0, min=0, help="Cores kept for the host."),
        cfg.IntOpt("reserved_host_memory_mb", default=512, min=0, help="MiB kept for the host."),
        cfg.IntOpt("reserved_host_disk_mb", default=0, min=0, help="MiB kept for the host."),
        cfg.IntOpt("max_concurrent_builds", default=10, min=0, help="0 is no limit."),
        cfg.IntOpt("max_concurrent_snapshots", default=5, min=0, help="0 is no limit."),
        cfg.IntOpt("max_concurrent_live_migrations", default=1, min=0, help="0 is no limit."),
        cfg.IntOpt("shutdown_timeout", default=60, help="Seconds a guest has to shut down."),
        cfg.IntOpt(
            "reimage_timeout_per_gb",
            default=20,
            min=1,
            help="Seconds for each GiB of a root volume that an image is written over.",
        ),
        cfg.BoolOpt("resume_guests_state_on_host_boot", default=True, help="Start guests again."),
        cfg.BoolOpt("allow_resize_to_same_host", default=False, help="Only the flavor changes."),
        cfg.IntOpt("resize_confirm_window", default=0, min=0, help="Seconds; 0 is by hand."),
        cfg.IntOpt("instance_build_timeout", default=0, help="Seconds until error; 0 never."),
        cfg.IntOpt("reboot_timeout", default=0, help="Seconds until hard; 0: shutdown_timeout."),
        cfg.IntOpt(
            "shelved_offload_time",
            default=0,
            min=-1,
            help="Seconds a shelved server keeps its host; 0 lets it go at once, -1 never.",
        ),
        cfg.IntOpt(
            "shelved_poll_interval",
            default=3600,
            help="Seconds between looks for what is shelved long enough; 0 is 60, negative off.",
        ),
        cfg.IntOpt(
            "heal_instance_info_cache_interval",
            default=60,
            help="Seconds between repairs of addresses that servers show; 0 is 60, negative off.",
        ),
        cfg.IntOpt("rescue_timeout", default=0, min=0, help="Seconds until unrescue; 0 never."),
        cfg.IntOpt(
            "vif_plugging_timeout",
            default=300,
            min=0,
            help="Seconds ports have to work; 0: no wait.",
        ),
        cfg.BoolOpt("vif_plugging_is_fatal", default=True, help="Else the server opens without."),
        cfg.BoolOpt("instance_usage_audit", default=False, help="Tell of all servers by period."),
        cfg.StrOpt(
            "instance_usage_audit_period",
            default="month",
            regex=r"^(hour|day|month|year)(@[0-9]{1,2})?$",
            help="hour, day, month or year; unit@offset ends it at another minute, hour, ...",
        ),
        cfg.IntOpt("sync_power_state_interval", default=600, help="Seconds; negative is off."),
        cfg.IntOpt(
            "volume_usage_poll_interval",
            default=0,
            help="Seconds between counts of what servers read from volumes and write; 0 is never.",
        ),
        cfg.IntOpt("update_resources_interval", default=0, help="Seconds; 0 is 60."),
        cfg.IntOpt("running_deleted_instance_poll_interval", default=1800, help="Seconds."),
        cfg.StrOpt(
            "running_deleted_instance_action",
            default="reap",
            choices=("noop", "log", "shutdown", "reap"),
            help="What is done with guests nobody knows.",
        ),
    ),
    "compute": (
        cfg.IntOpt("workers", default=16, min=1, help="Orders carried out at once."),
        cfg.StrOpt(
            "cpu_dedicated_set", default="", help="Host processors for hw:cpu_policy dedicated."
        ),
        cfg.IntOpt("power_watch_interval", default=3, help="Seconds between looks; negative off."),
        cfg.IntOpt("fake_delay_ms", default=0, help="Fake driver: milliseconds a start takes."),
        cfg.IntOpt("fake_vcpus", default=64, help="Fake driver: cores."),
        cfg.IntOpt("fake_memory_mb", default=262144, help="Fake driver: MiB."),
        cfg.IntOpt("fake_disk_gb", default=4096, help="Fake driver: GiB."),
    ),
    "image_cache": (
        cfg.IntOpt("manager_interval", default=2400, help="Seconds between passes."),
        cfg.IntOpt(
            "precache_concurrency",
            default=1,
            min=1,
            help="Hosts that fetch the images of one request at once.",
        ),
        cfg.StrOpt("subdirectory_name", default="_base", help="Folder of cached images."),
        cfg.BoolOpt("remove_unused_base_images", default=True, help="Remove unused ones."),
        cfg.IntOpt(
            "remove_unused_original_minimum_age_seconds", default=86400, help="When unused."
        ),
    ),
}
