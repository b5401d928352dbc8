# SPDX-License-Identifier: Apache-2.0
"""Why some actions are not built: action > the sentence of its UnsupportedOperation."""

from __future__ import annotations

from collections.abc import Mapping

_ONE_TABLE = (
    "A VPC has one route table here, its main one: its router forwards for all subnets alike, so "
    "there are no tables of single subnets. CreateRoute, ReplaceRoute and DeleteRoute change it."
)
UNBUILT: Mapping[str, str] = dict.fromkeys(
    (
        "AssociateRouteTable",
        "CreateRouteTable",
        "DeleteRouteTable",
        "DisassociateRouteTable",
        "ReplaceRouteTableAssociation",
    ),
    _ONE_TABLE,
)
