# SPDX-License-Identifier: Apache-2.0
"""What lists of flavors may be asked for: filters, order and page of a request."""

from __future__ import annotations

from nova_appliance.api.paging import paging
from nova_appliance.api.request import Request
from nova_appliance.api.schemas.flavors import LARGEST
from nova_appliance.common import errors
from nova_appliance.db.flavors import Query
from nova_appliance.domain.extra_specs import FALSE_WORDS, TRUE_WORDS


def read_query(req: Request) -> Query:
    """The query of GET /flavors. Raises Invalid."""
    page = paging(req)
    return Query(
        is_public=_is_public(req),
        disabled=None if req.context.is_admin else False,
        project_id=req.context.project_id,
        min_memory_mib=_number(req, "minRam"),
        min_root_gib=_number(req, "minDisk"),
        name=req.first("name"),
        sort_key=req.first("sort_key") or "flavorid",
        descending=req.first("sort_dir") == "desc",
        marker=page.marker,
        limit=page.limit,
    )


def _is_public(req: Request) -> bool | None:
    """Administrators see public flavors unless they ask; others never see private ones listed."""
    asked = req.first("is_public")
    if not req.context.is_admin or asked is None:
        return True
    word = asked.strip().lower()
    if word == "none":
        return None
    if word not in TRUE_WORDS + FALSE_WORDS:
        raise errors.Invalid(f"Invalid is_public filter [{asked}]")
    return word in TRUE_WORDS


def _number(req: Request, key: str) -> int | None:
    text = req.first(key)
    try:
        return None if text is None else max(-1, min(int(text), LARGEST))
    except ValueError as error:
        raise errors.Invalid(f"Invalid {key} filter [{text}]") from error
