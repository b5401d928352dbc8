# SPDX-License-Identifier: Apache-2.0
"""Starts logging in a process: oslo.log's options and format, with the request id in each line."""

from __future__ import annotations

import logging

from oslo_config import cfg
from oslo_log import log as oslo_log

QUIET = (
    "alembic=WARNING",
    "amqp=WARNING",
    "keystoneauth=WARNING",
    "keystonemiddleware=WARNING",
    "oslo.messaging=WARNING",
    "oslo_messaging=WARNING",
    "sqlalchemy=WARNING",
    "urllib3.connectionpool=WARNING",
    "waitress.queue=ERROR",
)


def start(conf: cfg.ConfigOpts, binary: str) -> None:
    """Send the log where nova.conf says (standard error when it says nothing)."""
    levels = [*QUIET, *oslo_log.get_default_log_levels()]
    conf.set_default("default_log_levels", levels)
    elsewhere = (conf.log_file, conf.log_dir, conf.use_syslog, conf.use_journal)
    conf.set_default("use_stderr", not any(elsewhere))
    oslo_log.setup(conf, "nova", version=binary)
    logging.captureWarnings(capture=True)
