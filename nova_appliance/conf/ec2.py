# SPDX-License-Identifier: Apache-2.0
"""[ec2]: the EC2 API, where it listens and how long signatures count."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "DEFAULT": (
        cfg.HostAddressOpt("ec2_listen", default="0.0.0.0", help="Listen here."),  # noqa: S104 - behind the proxy
        cfg.PortOpt("ec2_listen_port", default=8773, help="Listen port."),
        cfg.IntOpt("ec2_workers", min=1, default=2, help="EC2 API worker processes."),
        cfg.IntOpt("ec2_threads", min=1, default=16, help="Threads a worker."),
    ),
    "ec2": (
        cfg.StrOpt("tokens_url", help="Keystone's ec2tokens; else below [service_user]auth_url."),
        cfg.StrOpt("public_url", help="What DescribeRegions tells; else as it was reached."),
        cfg.IntOpt("timestamp_expiry", default=900, min=1, help="Seconds a signature counts."),
        cfg.IntOpt("max_request_body_size", default=1024**2, min=1, help="Bytes; more is 413."),
        cfg.StrOpt(
            "objects_path",
            help="Folder with PROJECT/BUCKET/OBJECT that images are registered from; else Swift.",
        ),
        cfg.IntOpt("show_terminated", default=3600, min=0, help="Seconds after the end."),
    ),
}
