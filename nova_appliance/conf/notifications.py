# SPDX-License-Identifier: Apache-2.0
"""[notifications]: what is told of changes; where it goes is oslo.messaging's to know.

oslo.messaging's own group, [oslo_messaging_notifications], names the driver: none or `noop` is silence.
"""

from __future__ import annotations

from oslo_config import cfg

OPTIONS = {
    "notifications": (
        cfg.StrOpt(
            "notification_format",
            default="unversioned",
            choices=("unversioned", "versioned", "both"),
            help="Shape of what is sent: the old free form, objects with versions, or both.",
        ),
        cfg.ListOpt(
            "versioned_notifications_topics",
            default=["versioned_notifications"],
            help="Topics that get the versioned ones; the others go to oslo.messaging's topics.",
        ),
        cfg.StrOpt(
            "notify_on_state_change",
            choices=("vm_state", "vm_and_task_state"),
            help="Send instance.update when servers change, and count tasks as states or not.",
        ),
        cfg.StrOpt(
            "default_level",
            default="INFO",
            choices=("DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"),
            help="Level of what tells of no error.",
        ),
        cfg.BoolOpt(
            "bdms_in_notifications",
            default=False,
            help="Show the volumes of servers in versioned notifications.",
        ),
    ),
}
