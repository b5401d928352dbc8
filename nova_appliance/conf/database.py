# SPDX-License-Identifier: Apache-2.0
"""[api_database] and [database]: where the databases are."""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "api_database": (cfg.StrOpt("connection", secret=True, help="SQLAlchemy URL of nova_api."),),
    "database": (
        cfg.StrOpt("connection", secret=True, help="SQLAlchemy URL of this cell's database."),
    ),
}
