# SPDX-License-Identifier: Apache-2.0
"""[certificates]: the authority that nova-cert keeps, and the host certificates that daemons renew."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "certificates": (
        cfg.ListOpt(
            "secrets",
            default=[],
            secret=True,
            help="Texts of 32 letters or more that private keys are encrypted with; the first is "
            "used for new ones, all for reading.",
        ),
        cfg.StrOpt("root_name", default="nova-appliance root", help="Its common name."),
        cfg.IntOpt("host_days", default=90, min=1, help="How long host certificates last."),
        cfg.IntOpt("user_days", default=365, min=1, help="How long users' certificates last."),
        cfg.IntOpt("crl_days", default=365, min=1, help="How long a revocation list counts."),
        cfg.IntOpt("renew_before", default=30, min=1, help="Days before the end; or last third."),
        cfg.ListOpt("folders", default=[], help="Folders whose certificates this daemon renews."),
        cfg.IntOpt("check_interval", default=3600, min=1, help="Seconds between two looks."),
    ),
    "api": (
        cfg.BoolOpt(
            "enable_os_certificates",
            default=True,
            help="Serve os-certificates, which Nova removed; without it they answer 410.",
        ),
    ),
}
