# SPDX-License-Identifier: Apache-2.0
"""What image properties say of the agent inside a guest (qemu-ga)."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from nova_appliance.domain.extra_specs import TRUE_WORDS

THERE, MUST, ADMIN_USER, OS_TYPE = (
    "hw_qemu_guest_agent",
    "os_require_quiesce",
    "os_admin_user",
    "os_type",
)


class Quiesce(enum.Enum):
    """Whether file systems are frozen at the moment of a copy."""

    NO = "no"
    TRY = "try"
    MUST = "must"


def is_there(properties: Mapping[str, str]) -> bool:
    """Whether the guest gets the channel of the agent."""
    return _is_true(properties.get(THERE, ""))


def quiesce(properties: Mapping[str, str]) -> Quiesce:
    """What a copy of the guest's disk has to do."""
    if _is_true(properties.get(MUST, "")):
        return Quiesce.MUST
    return Quiesce.TRY if is_there(properties) else Quiesce.NO


def admin_user(properties: Mapping[str, str]) -> str:
    """Whose password is changed."""
    usual = "Administrator" if properties.get(OS_TYPE) == "windows" else "root"
    return properties.get(ADMIN_USER) or usual


def _is_true(word: str) -> bool:
    return word.strip().lower() in TRUE_WORDS
