# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of key pairs."""

from __future__ import annotations

from nova_appliance.api.schemas.types import (
    NAME,
    NOT_NEGATIVE,
    SPACED_NAME,
    TEXT,
    query,
    shape,
    wrapped,
)
from nova_appliance.api.versioned import Versioned, add, closed, inside, require

_KIND = {"type": "string", "enum": ["ssh", "x509"]}

CREATE = Versioned(
    wrapped(
        "keypair",
        shape({"name": {**NAME, "pattern": r"^[_\- a-zA-Z0-9]+$"}, "public_key": TEXT}, "name"),
    ),
    legacy=inside("keypair", add(name=SPACED_NAME)),
    v2_2=inside("keypair", add(type=_KIND)),
    v2_10=inside("keypair", add(user_id=TEXT)),
    v2_92=inside(
        "keypair",
        require("public_key"),
        add(name={**NAME, "pattern": r"^[_\-\@\. a-zA-Z0-9]+$"}),
    ),
)

_USER = add(**query(user_id=TEXT)["properties"])
_PAGE = add(**query(limit=NOT_NEGATIVE, marker=TEXT)["properties"])

LIST = Versioned(query(), v2_10=_USER, v2_35=_PAGE, v2_75=closed)
ONE = Versioned(query(), v2_10=_USER, v2_75=closed)
