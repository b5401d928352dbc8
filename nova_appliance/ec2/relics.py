# SPDX-License-Identifier: Apache-2.0
"""Calls of Nova's EC2 API before 2016 that EC2's own description lacks, in the words of that."""

from __future__ import annotations

from typing import Any

_TEXT = {"shape": "String"}
CALLS: dict[str, Any] = {
    "operations": {
        "DescribeInstancesV6": {
            "input": {"shape": "DescribeInstancesRequest"},
            "output": {"shape": "DescribeInstancesResult"},
        },
        "UpdateImage": {
            "input": {"shape": "UpdateImageRequest"},
            "output": {"shape": "UpdateImageResult"},
        },
    },
    "shapes": {
        "UpdateImageRequest": {
            "type": "structure",
            "required": ["ImageId"],
            "members": {
                "Description": _TEXT,
                "DryRun": {"shape": "Boolean"},
                "ImageId": _TEXT,
                "IsPublic": {"shape": "Boolean"},
                "Name": _TEXT,
            },
        },
        "UpdateImageResult": {
            "type": "structure",
            "members": {"Return": {"shape": "Boolean", "locationName": "return"}},
        },
    },
}
FIELDS: dict[str, dict[str, Any]] = {
    "Instance": {"DnsNameV6": {"shape": "String", "locationName": "dnsNameV6"}},
}
"""Shape of EC2's > fields it has in these calls only."""
