# SPDX-License-Identifier: Apache-2.0
"""launchPermission of an image: its visibility for all, its members for single accounts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Any

from nova_appliance.clients.images import Image
from nova_appliance.common import errors
from nova_appliance.ec2.caller import Caller
from nova_appliance.ec2.faults import Fault, coded
from nova_appliance.ec2.parameters import shown

ALL = "all"
_ACCOUNT = re.compile(r"[A-Za-z0-9-]{1,64}")
Item = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Change:
    """What a call asks for; nothing when all of it is empty."""

    added: frozenset[str] = frozenset()
    """Accounts."""
    removed: frozenset[str] = frozenset()
    public: bool | None = None
    """Whether all get or lose it; None when nothing is said of that."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.added and not self.removed and self.public is None


def read(params: Mapping[str, Any]) -> Change:
    """The change in a call's parameters, in the long form or the short one. Raises Fault."""
    told = params.get("LaunchPermission") or {}
    added, removed = (list(told.get(name) or ()) for name in ("Add", "Remove"))
    listed: list[Item] = [{"Group": one} for one in params.get("UserGroups") or ()]
    listed += [{"UserId": one} for one in params.get("UserIds") or ()]
    (removed if params.get("OperationType") == "remove" else added).extend(listed)
    if added and removed:
        raise Fault("InvalidParameterCombination", "Add and Remove may not be given together.")
    for one in (*added, *removed):
        _check(one)
    groups = any(one.get("Group") for one in (*added, *removed))
    return Change(_accounts(added), _accounts(removed), bool(added) if groups else None)


def apply(caller: Caller, image: Image, change: Change) -> None:
    """Share the image so. May be done twice."""
    with coded(Forbidden="AuthFailure", OverQuota="ResourceLimitExceeded"):
        if change.public is not None:
            _show_to(caller, image, "public" if change.public else "shared")
        if not change.added and not change.removed:
            return
        public = image.visibility == "public" if change.public is None else change.public
        if public:
            raise Fault(
                "UnsupportedOperation",
                "An image that everybody may launch is shared with nobody besides here.",
            )
        if change.added and image.visibility != "shared":
            _show_to(caller, image, "shared")
        for account in sorted(change.added):
            caller.cloud.images.share(caller.context, image.id, account)
        for account in sorted(change.removed):
            caller.cloud.images.unshare(caller.context, image.id, account)


def reset(caller: Caller, image: Image) -> None:
    """Share the image with nobody. May be done twice."""
    with coded(Forbidden="AuthFailure"):
        for account in accounts(caller, image):
            caller.cloud.images.unshare(caller.context, image.id, account)
        _show_to(caller, image, "private")


def show(caller: Caller, image: Image) -> list[Item]:
    """As DescribeImageAttribute tells it; the accounts to the image's own account only."""
    if image.visibility == "public":
        return [{"Group": ALL}]
    return [{"UserId": one} for one in accounts(caller, image)]


def accounts(caller: Caller, image: Image) -> tuple[str, ...]:
    """Accounts that the image is shared with."""
    if image.visibility != "shared" or image.owner != caller.project_id:
        return ()
    try:
        return caller.cloud.images.members(caller.context, image.id)
    except (errors.Forbidden, errors.NotFound):
        return ()


def _show_to(caller: Caller, image: Image, visibility: str) -> None:
    if image.visibility != visibility:
        caller.cloud.images.change(caller.context, image.id, {"visibility": visibility})


def _check(one: Mapping[str, Any]) -> None:
    group, account = one.get("Group"), one.get("UserId")
    if bool(group) == bool(account):
        raise Fault("InvalidParameterCombination", "A permission is for a Group or for a UserId.")
    if group and group != ALL:
        raise Fault("InvalidAMIAttributeItemValue", f"The group '{shown(group)}' is not '{ALL}'.")
    if account and not _ACCOUNT.fullmatch(account):
        raise Fault("InvalidAMIAttributeItemValue", f"'{shown(account)}' is not an account.")


def _accounts(permissions: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    return frozenset(one["UserId"] for one in permissions if one.get("UserId"))
