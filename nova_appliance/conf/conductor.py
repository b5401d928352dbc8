# SPDX-License-Identifier: Apache-2.0
"""[conductor]: the saga runner."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "conductor": (
        cfg.IntOpt("workers", default=16, min=1, help="Sagas run at once by one conductor."),
        cfg.FloatOpt("poll_interval", default=2.0, help="Seconds between looks for due sagas."),
        cfg.IntOpt("lease", default=30, help="Seconds a conductor owns a saga without renewal."),
        cfg.IntOpt("order_timeout", default=60, help="Seconds until an order is sent again."),
        cfg.IntOpt("max_failures", default=5, help="Tries of a step before the saga turns back."),
        cfg.IntOpt(
            "outage_timeout",
            default=600,
            help="Seconds that sagas wait for a database, a broker or a service that is away.",
        ),
        cfg.IntOpt("build_timeout", default=600, help="Seconds a host has to build a server."),
        cfg.IntOpt("keep_sagas", default=86400, help="Seconds finished sagas are kept."),
    ),
}
