# SPDX-License-Identifier: Apache-2.0
"""Bodies of rebuild, rescue, shelve, backups and passwords."""

from __future__ import annotations

from nova_appliance.api.schemas.servers import (
    BASE64,
    DISK_CONFIG,
    PERSONALITY,
    SHORT_HOSTNAME,
    TRUSTED_CERTS,
)
from nova_appliance.api.schemas.types import (
    ANY,
    BOOLEAN,
    DESCRIPTION,
    HOSTNAME,
    IPV4,
    IPV6,
    METADATA,
    NAME,
    NOT_NEGATIVE,
    NULL,
    SPACED_NAME,
    TEXT,
    UUID,
    shape,
    wrapped,
)
from nova_appliance.api.versioned import Versioned, add, both, drop, inside

REBUILD = Versioned(
    wrapped(
        "rebuild",
        shape(
            {
                "name": NAME,
                "imageRef": UUID,
                "adminPass": TEXT,
                "metadata": METADATA,
                "preserve_ephemeral": BOOLEAN,
                "OS-DCF:diskConfig": DISK_CONFIG,
                "accessIPv4": IPV4,
                "accessIPv6": IPV6,
                "personality": PERSONALITY,
            },
            "imageRef",
        ),
    ),
    legacy=inside("rebuild", add(name=SPACED_NAME)),
    v2_19=inside("rebuild", add(description=DESCRIPTION)),
    v2_54=inside("rebuild", add(key_name={"oneOf": [NULL, NAME]})),
    v2_57=inside("rebuild", both(drop("personality"), add(user_data={"oneOf": [NULL, BASE64]}))),
    v2_63=inside("rebuild", add(trusted_image_certificates=TRUSTED_CERTS)),
    v2_90=inside("rebuild", add(hostname=SHORT_HOSTNAME)),
    v2_94=inside("rebuild", add(hostname=HOSTNAME)),
)
RESCUE = wrapped(
    "rescue",
    {**shape({"adminPass": TEXT, "rescue_image_ref": UUID}), "type": ["object", "null"]},
)
UNRESCUE = wrapped("unrescue", ANY)
SHELVE = wrapped("shelve", ANY)
SHELVE_OFFLOAD = wrapped("shelveOffload", ANY)
UNSHELVE = Versioned(
    wrapped("unshelve", ANY),
    v2_77=add(
        unshelve={
            **shape({"availability_zone": NAME}, "availability_zone"),
            "type": ["object", "null"],
        }
    ),
    v2_91=add(
        unshelve={
            **shape({"availability_zone": {"type": ["string", "null"]}, "host": TEXT}),
            "type": ["object", "null"],
        }
    ),
)
CREATE_BACKUP = wrapped(
    "createBackup",
    shape(
        {"name": NAME, "backup_type": TEXT, "rotation": NOT_NEGATIVE, "metadata": METADATA},
        "name",
        "backup_type",
        "rotation",
    ),
)
CHANGE_PASSWORD = wrapped("changePassword", shape({"adminPass": TEXT}, "adminPass"))
