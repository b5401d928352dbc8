# SPDX-License-Identifier: Apache-2.0
"""[metrics_endpoint]: where a daemon shows its health and Prometheus metrics."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "metrics_endpoint": (
        cfg.HostAddressOpt("listen", default="127.0.0.1", help="Listen address."),
        cfg.PortOpt("port", help="Not set: no endpoint (nova-api shows it on its own port)."),
    ),
}
