# SPDX-License-Identifier: Apache-2.0
"""[service_user], [glance], [neutron], [cinder]: how the neighbours are reached."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "service_user": (
        cfg.StrOpt("auth_url", help="Keystone, with /v3."),
        cfg.StrOpt("username", default="nova", help="User of the service."),
        cfg.StrOpt("password", secret=True, help="Its password."),
        cfg.StrOpt("project_name", default="service", help="Its project."),
        cfg.StrOpt("user_domain_name", default="Default", help="Domain of the user."),
        cfg.StrOpt("project_domain_name", default="Default", help="Domain of the project."),
        cfg.StrOpt("region_name", default="RegionOne", help="Region of the neighbours."),
        cfg.StrOpt("cafile", help="Certificates to trust."),
        cfg.FloatOpt("timeout", default=30, help="Seconds a neighbour may take."),
    ),
    "glance": (cfg.StrOpt("endpoint_override", help="Else from the catalog."),),
    "neutron": (
        cfg.StrOpt("endpoint_override", help="Else from the catalog."),
        cfg.StrOpt("default_floating_pool", default="public", help="External network."),
    ),
    "swift": (
        cfg.StrOpt("endpoint_template", help="With AUTH_%(project_id)s; else from the catalog."),
    ),
    "cinder": (
        cfg.StrOpt("endpoint_template", help="With %(project_id)s; else from the catalog."),
        cfg.BoolOpt("cross_az_attach", default=True, help="Volumes of other zones may be had."),
    ),
    "manila": (
        cfg.StrOpt("endpoint_override", help="Else from the catalog."),
        cfg.FloatOpt(
            "share_apply_policy_timeout", default=10, help="Seconds until a host may have a share."
        ),
    ),
}
