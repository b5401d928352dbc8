# SPDX-License-Identifier: Apache-2.0
"""[api] and the listening options of the Compute API server."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "DEFAULT": (
        cfg.HostAddressOpt("osapi_compute_listen", default="0.0.0.0", help="Listen here."),  # noqa: S104 - behind the proxy
        cfg.PortOpt("osapi_compute_listen_port", default=8774, help="Listen port."),
        cfg.IntOpt("osapi_compute_workers", min=1, default=2, help="API worker processes."),
        cfg.IntOpt("osapi_compute_threads", min=1, default=16, help="Threads a worker."),
    ),
    "api": (
        cfg.StrOpt("auth_strategy", default="keystone", help="keystone, or noauth2 for tests."),
        cfg.IntOpt("max_limit", default=1000, min=0, help="Largest page of a list."),
        cfg.IntOpt("max_request_body_size", default=114688, help="Bytes; larger is 413."),
        cfg.StrOpt("compute_link_prefix", help="Host part of links when behind a proxy."),
        cfg.StrOpt("glance_link_prefix", help="Host part of image links."),
        cfg.BoolOpt("enable_instance_password", default=True, help="Return adminPass."),
        cfg.StrOpt("dhcp_domain", default="novalocal", help="Domain of hostnames."),
        cfg.BoolOpt("list_records_by_skipping_down_cells", default=True, help="See 2.69."),
        cfg.StrOpt("policy_file", default="policy.yaml", help="Rules that override defaults."),
    ),
}
