# SPDX-License-Identifier: Apache-2.0
"""[scheduler] and [filter_scheduler]: how hosts are chosen."""

from __future__ import annotations

from oslo_config import cfg

_DEFAULT_FILTERS = [
    "ComputeFilter",
    "ComputeCapabilitiesFilter",
    "ImagePropertiesFilter",
    "ServerGroupAntiAffinityFilter",
    "ServerGroupAffinityFilter",
]


def _multiplier(name: str, default: float) -> cfg.FloatOpt:
    return cfg.FloatOpt(f"{name}_weight_multiplier", default=default, help=f"Weight of {name}.")


OPTIONS = {
    "scheduler": (
        cfg.IntOpt("max_attempts", default=3, min=1, help="Hosts tried for one server."),
        cfg.IntOpt("max_placement_results", default=1000, min=1, help="Hosts looked at."),
        cfg.IntOpt("workers", default=16, min=1, help="Servers placed at once."),
        cfg.BoolOpt(
            "limit_tenants_to_placement_aggregate",
            default=False,
            help="Projects named by an aggregate's filter_tenant_id use its hosts only.",
        ),
        cfg.BoolOpt(
            "placement_aggregate_required_for_tenants",
            default=False,
            help="Projects that no aggregate names get no host; needs the option before.",
        ),
        cfg.BoolOpt(
            "enable_isolated_aggregate_filtering",
            default=False,
            help="Hosts of aggregates with required traits take only servers that require them.",
        ),
    ),
    "filter_scheduler": (
        cfg.ListOpt("enabled_filters", default=_DEFAULT_FILTERS, help="Filters, in order."),
        cfg.IntOpt("host_subset_size", default=1, min=1, help="Choose among the best N."),
        cfg.IntOpt("max_io_ops_per_host", default=8, help="For IoOpsFilter."),
        cfg.IntOpt("max_instances_per_host", default=50, help="For NumInstancesFilter."),
        cfg.ListOpt("isolated_images", default=[], help="For IsolatedHostsFilter."),
        cfg.ListOpt("isolated_hosts", default=[], help="For IsolatedHostsFilter."),
        cfg.BoolOpt("restrict_isolated_hosts_to_isolated_images", default=True, help="Same."),
        cfg.StrOpt("aggregate_image_properties_isolation_namespace", help="Key prefix."),
        cfg.StrOpt("aggregate_image_properties_isolation_separator", default=".", help="Sign."),
        _multiplier("ram", 1.0),
        _multiplier("cpu", 1.0),
        _multiplier("disk", 1.0),
        _multiplier("hypervisor_version", 1.0),
        _multiplier("num_instances", 0.0),
        _multiplier("io_ops", -1.0),
        _multiplier("pci", 1.0),
        _multiplier("soft_affinity", 1.0),
        _multiplier("soft_anti_affinity", 1.0),
        _multiplier("build_failure", 1000000.0),
    ),
}
