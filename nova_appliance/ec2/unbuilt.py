# SPDX-License-Identifier: Apache-2.0
"""Why some actions are not built: action > the sentence of its UnsupportedOperation."""

from __future__ import annotations

from collections.abc import Mapping

_ONE_TABLE = (
    "A VPC has one route table here, its main one: its router forwards for all subnets alike, so "
    "there are no tables of single subnets. CreateRoute, ReplaceRoute and DeleteRoute change it."
)
_NO_VPN = "There is no VPN service beside this cloud: its networks have routers only."
_NO_TASK = "Images come by RegisterImage from a bundle, or by the image service's own upload."
_NO_BUNDLE = "CreateImage makes an image of an instance; it is not put into objects."
_NO_NAT = "A subnet leads outside by the router of its VPC, whose gateway translates for all of it."
UNBUILT: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "AssociateRouteTable",
            "CreateRouteTable",
            "DeleteRouteTable",
            "DisassociateRouteTable",
            "ReplaceRouteTableAssociation",
        ),
        _ONE_TABLE,
    ),
    **dict.fromkeys(
        (
            "AttachVpnGateway",
            "CreateCustomerGateway",
            "CreateVpnConnection",
            "CreateVpnConnectionRoute",
            "CreateVpnGateway",
            "DeleteCustomerGateway",
            "DeleteVpnConnection",
            "DeleteVpnConnectionRoute",
            "DeleteVpnGateway",
            "DescribeCustomerGateways",
            "DescribeVpnConnections",
            "DescribeVpnGateways",
            "DetachVpnGateway",
            "DisableVgwRoutePropagation",
            "EnableVgwRoutePropagation",
        ),
        _NO_VPN,
    ),
    **dict.fromkeys(("BundleInstance", "DescribeBundleTasks"), _NO_BUNDLE),
    **dict.fromkeys(("ImportImage", "DescribeImportImageTasks"), _NO_TASK),
    **dict.fromkeys(("CreateNatGateway", "DeleteNatGateway"), _NO_NAT),
    "CopySnapshot": (
        "The volume service copies volumes, not snapshots: a copy would leave a volume behind "
        "that it hangs on. CreateVolume of the snapshot and CreateSnapshot of that make one."
    ),
    "CreateVpcPeeringConnection": "The routers of two VPCs have no network between them here.",
}
