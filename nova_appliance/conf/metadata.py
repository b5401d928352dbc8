# SPDX-License-Identifier: Apache-2.0
"""The metadata service: where it listens, what it tells, whom it believes. Config drives too."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "DEFAULT": (
        cfg.HostAddressOpt("metadata_listen", default="0.0.0.0", help="Listen here."),  # noqa: S104 - guests' proxies come from all hosts
        cfg.PortOpt("metadata_listen_port", default=8775, help="Listen port."),
        cfg.IntOpt("metadata_workers", min=1, default=2, help="Metadata worker processes."),
        cfg.IntOpt("metadata_threads", min=1, default=16, help="Threads a worker."),
        cfg.BoolOpt("force_config_drive", default=False, help="Every server gets a config drive."),
        cfg.BoolOpt(
            "config_drive_by_default",
            default=False,
            help="Servers get a config drive unless the request says that they shall not.",
        ),
        cfg.StrOpt(
            "config_drive_format",
            default="iso9660",
            choices=("iso9660", "vfat"),
            help="File system of config drives.",
        ),
    ),
    "api": (
        cfg.IntOpt("metadata_cache_expiration", default=15, min=0, help="Seconds; 0 is never."),
        cfg.ListOpt(
            "vendordata_providers", default=["StaticJSON"], help="StaticJSON, DynamicJSON."
        ),
        cfg.StrOpt("vendordata_jsonfile_path", help="File of vendor_data.json."),
        cfg.ListOpt("vendordata_dynamic_targets", default=[], help="name@url, ..."),
        cfg.StrOpt("vendordata_dynamic_ssl_certfile", default="", help="Certificates to trust."),
        cfg.IntOpt("vendordata_dynamic_connect_timeout", default=5, min=3, help="Seconds."),
        cfg.IntOpt("vendordata_dynamic_read_timeout", default=5, min=0, help="Seconds."),
        cfg.BoolOpt(
            "vendordata_dynamic_failure_fatal",
            default=False,
            help="Without an answer of the providers there is no metadata either.",
        ),
    ),
    "vendordata_dynamic_auth": (
        cfg.BoolOpt(
            "send_service_token", default=False, help="Show providers the service user's token."
        ),
    ),
    "neutron": (
        cfg.BoolOpt(
            "service_metadata_proxy",
            default=False,
            help="Guests come through the network service's proxy, which signs who they are.",
        ),
        cfg.StrOpt("metadata_proxy_shared_secret", default="", secret=True, help="Of that proxy."),
    ),
    "metadata": (
        cfg.FloatOpt("rate", default=50.0, min=0, help="Requests a second of one server; 0: any."),
        cfg.IntOpt("burst", default=400, min=1, help="Requests at once before that counts."),
        cfg.BoolOpt(
            "token_required",
            default=False,
            help="Nothing is told without a session token (PUT /latest/api/token).",
        ),
    ),
}
