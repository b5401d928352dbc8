# SPDX-License-Identifier: Apache-2.0
"""Bodies that make and change servers."""

from __future__ import annotations

from nova_appliance.api.schemas.block_devices import MAPPING, MAPPING_V2, TAG, VOLUME_TYPE
from nova_appliance.api.schemas.types import (
    BOOLEAN,
    DESCRIPTION,
    HOSTNAME,
    IPV4,
    IPV6,
    METADATA,
    NAME,
    POSITIVE,
    SPACED_NAME,
    TEXT,
    UUID,
    list_of,
    shape,
    wrapped,
)
from nova_appliance.api.versioned import Schema, Versioned, add, both, drop, inside, require

MAX_TAGS = 50
_IP: Schema = {"oneOf": [IPV4, IPV6]}
BASE64: Schema = {"type": "string", "format": "base64", "maxLength": 65535}
DISK_CONFIG: Schema = {"type": "string", "enum": ["AUTO", "MANUAL"]}
_SERVER_IDS: Schema = list_of(UUID)
SHORT_HOSTNAME: Schema = {
    "type": "string",
    "minLength": 2,
    "maxLength": 63,
    "pattern": "^[a-zA-Z0-9]+[a-zA-Z0-9-]*[a-zA-Z0-9]+$",
}
TRUSTED_CERTS: Schema = {
    "type": ["array", "null"],
    "minItems": 1,
    "maxItems": 50,
    "uniqueItems": True,
    "items": {"type": "string", "minLength": 1},
}
PERSONALITY: Schema = list_of(
    shape({"path": TEXT, "contents": {"type": "string", "format": "base64"}})
)

_NETWORK: Schema = {
    "fixed_ip": _IP,
    "port": {"oneOf": [UUID, {"type": "null"}]},
    "uuid": TEXT,
}
_HINTS = shape(
    {
        "group": UUID,
        "different_host": {"oneOf": [UUID, _SERVER_IDS]},
        "same_host": {"type": ["string", "array"], "items": UUID},
        "query": {"type": ["string", "object", "array"]},
        "target_cell": NAME,
        "different_cell": {"type": ["string", "array"], "items": TEXT},
        "build_near_host_ip": _IP,
        "cidr": {"type": "string", "pattern": "^/[0-9a-f.:]+$"},
    },
    extra=True,
)
_SERVER = shape(
    {
        "name": NAME,
        "imageRef": {"oneOf": [UUID, {"type": "string", "maxLength": 0}]},
        "flavorRef": {"type": ["string", "integer"], "minLength": 1},
        "adminPass": TEXT,
        "metadata": METADATA,
        "networks": list_of(shape(_NETWORK)),
        "OS-DCF:diskConfig": DISK_CONFIG,
        "accessIPv4": IPV4,
        "accessIPv6": IPV6,
        "personality": PERSONALITY,
        "availability_zone": NAME,
        "block_device_mapping": MAPPING,
        "block_device_mapping_v2": MAPPING_V2,
        "config_drive": BOOLEAN,
        "key_name": NAME,
        "min_count": POSITIVE,
        "max_count": POSITIVE,
        "return_reservation_id": BOOLEAN,
        "security_groups": list_of(shape({"name": NAME})),
        "user_data": BASE64,
    },
    "name",
    "flavorRef",
)


def _networks(properties: Schema) -> Schema:
    """From 2.37 on: a list, or the words auto and none."""
    items = shape({**properties, "uuid": UUID})
    return {"oneOf": [list_of(items), {"type": "string", "enum": ["none", "auto"]}]}


CREATE = Versioned(
    shape(
        {"server": _SERVER, "os:scheduler_hints": _HINTS, "OS-SCH-HNT:scheduler_hints": _HINTS},
        "server",
    ),
    legacy=both(
        inside(
            "server",
            add(
                name=SPACED_NAME,
                availability_zone=SPACED_NAME,
                key_name=SPACED_NAME,
                user_data={"oneOf": [BASE64, {"type": "null"}]},
            ),
        ),
        inside("server.security_groups[]", add(name=SPACED_NAME)),
    ),
    v2_19=inside("server", add(description=DESCRIPTION)),
    v2_32=both(
        inside("server.networks[]", add(tag=TAG)),
        inside("server.block_device_mapping_v2[]", add(tag=TAG)),
    ),
    v2_33=inside("server.block_device_mapping_v2[]", drop("tag")),
    v2_37=inside("server", add(networks=_networks(_NETWORK)), require("networks")),
    v2_42=both(
        inside("server", add(networks=_networks({**_NETWORK, "tag": TAG}))),
        inside("server.block_device_mapping_v2[]", add(tag=TAG)),
    ),
    v2_52=inside("server", add(tags=list_of(TAG, maxItems=MAX_TAGS))),
    v2_57=inside("server", drop("personality")),
    v2_63=inside("server", add(trusted_image_certificates=TRUSTED_CERTS)),
    v2_67=inside("server.block_device_mapping_v2[]", add(volume_type=VOLUME_TYPE)),
    v2_74=inside("server", add(host=HOSTNAME, hypervisor_hostname=HOSTNAME)),
    v2_90=inside("server", add(hostname=SHORT_HOSTNAME)),
    v2_94=inside("server", add(hostname=HOSTNAME)),
)

UPDATE = Versioned(
    wrapped(
        "server",
        shape(
            {
                "name": NAME,
                "OS-DCF:diskConfig": DISK_CONFIG,
                "accessIPv4": IPV4,
                "accessIPv6": IPV6,
            }
        ),
    ),
    legacy=inside("server", add(name=SPACED_NAME)),
    v2_19=inside("server", add(description=DESCRIPTION)),
    v2_90=inside("server", add(hostname=SHORT_HOSTNAME)),
    v2_94=inside("server", add(hostname=HOSTNAME)),
    v2_104=inside(
        "server",
        add(
            pinned_availability_zone={"type": ["string", "null"], "minLength": 1, "maxLength": 255}
        ),
    ),
)

METADATA_BODY = wrapped("metadata", METADATA)
META_BODY = wrapped("meta", {**METADATA, "minProperties": 1, "maxProperties": 1})
