# SPDX-License-Identifier: Apache-2.0
"""All actions of the EC2 API that are built: name > function, and whether it changes anything."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from nova_appliance.ec2.actions import (
    addresses,
    attachments,
    attributes,
    console,
    describe_servers,
    dhcp_options,
    gateways,
    group_rule_changes,
    group_rules,
    image_changes,
    image_copies,
    images,
    instance_types,
    interface_attributes,
    interfaces,
    interfaces_attach,
    key_pairs,
    launch_template_versions,
    launch_templates,
    monitoring,
    placement_groups,
    power,
    private_addresses,
    regions,
    register_image,
    route_changes,
    route_tables,
    run,
    security_groups,
    snapshots,
    tags,
    volume_attributes,
    volume_changes,
    volumes,
    vpc_extras,
    vpcs_change,
    vpcs_read,
)


@dataclasses.dataclass(frozen=True)
class Route:
    """`act(caller, params)` returns the answer's fields; it raises Fault."""

    act: Callable[..., dict[str, Any]]
    changes: bool


def _reads(act: Callable[..., dict[str, Any]]) -> Route:
    return Route(act, changes=False)


def _changes(act: Callable[..., dict[str, Any]]) -> Route:
    return Route(act, changes=True)


ROUTES: dict[str, Route] = {
    # instances
    "RunInstances": _changes(run.run),
    "DescribeInstances": _reads(describe_servers.instances),
    "DescribeInstanceStatus": _reads(describe_servers.statuses),
    "StartInstances": _changes(power.start),
    "StopInstances": _changes(power.stop),
    "RebootInstances": _changes(power.reboot),
    "TerminateInstances": _changes(power.terminate),
    "GetConsoleOutput": _reads(console.output),
    "GetConsoleScreenshot": _reads(console.screenshot),
    "GetPasswordData": _reads(console.password),
    "DescribeInstanceAttribute": _reads(attributes.describe),
    "ModifyInstanceAttribute": _changes(attributes.modify),
    "ResetInstanceAttribute": _changes(attributes.reset),
    "ModifyInstanceMetadataOptions": _changes(attributes.modify_metadata_options),
    "DescribeInstancesV6": _reads(describe_servers.instances_v6),
    "MonitorInstances": _changes(monitoring.monitor),
    "UnmonitorInstances": _changes(monitoring.unmonitor),
    "DescribeInstanceTypes": _reads(instance_types.describe),
    "DescribeInstanceTypeOfferings": _reads(instance_types.offerings),
    "CreatePlacementGroup": _changes(placement_groups.create),
    "DescribePlacementGroups": _reads(placement_groups.describe),
    "DeletePlacementGroup": _changes(placement_groups.delete),
    "CreateLaunchTemplate": _changes(launch_templates.create),
    "DescribeLaunchTemplates": _reads(launch_templates.describe),
    "ModifyLaunchTemplate": _changes(launch_templates.modify),
    "DeleteLaunchTemplate": _changes(launch_templates.delete),
    "CreateLaunchTemplateVersion": _changes(launch_template_versions.create),
    "DescribeLaunchTemplateVersions": _reads(launch_template_versions.describe),
    "DeleteLaunchTemplateVersions": _changes(launch_template_versions.delete),
    # images
    "DescribeImages": _reads(images.describe),
    "DescribeImageAttribute": _reads(images.attribute),
    "ModifyImageAttribute": _changes(image_changes.modify),
    "ResetImageAttribute": _changes(image_changes.reset),
    "UpdateImage": _changes(image_changes.update),
    "CopyImage": _changes(image_copies.copy),
    "CreateImage": _changes(image_changes.create),
    "RegisterImage": _changes(register_image.register),
    "DeregisterImage": _changes(images.deregister),
    # volumes and snapshots
    "CreateVolume": _changes(volumes.create),
    "DeleteVolume": _changes(volumes.delete),
    "DescribeVolumes": _reads(volumes.describe),
    "DescribeVolumeStatus": _reads(volumes.statuses),
    "ModifyVolume": _changes(volume_changes.modify),
    "DescribeVolumesModifications": _reads(volume_changes.describe),
    "DescribeVolumeAttribute": _reads(volume_attributes.describe),
    "ModifyVolumeAttribute": _changes(volume_attributes.modify),
    "AttachVolume": _changes(attachments.attach),
    "DetachVolume": _changes(attachments.detach),
    "CreateSnapshot": _changes(snapshots.create),
    "DeleteSnapshot": _changes(snapshots.delete),
    "DescribeSnapshots": _reads(snapshots.describe),
    "DescribeSnapshotAttribute": _reads(volume_attributes.describe_snapshot),
    "ModifySnapshotAttribute": _changes(volume_attributes.modify_snapshot),
    "ResetSnapshotAttribute": _changes(volume_attributes.reset_snapshot),
    # key pairs
    "CreateKeyPair": _changes(key_pairs.create),
    "ImportKeyPair": _changes(key_pairs.import_),
    "DescribeKeyPairs": _reads(key_pairs.describe),
    "DeleteKeyPair": _changes(key_pairs.delete),
    # security groups
    "CreateSecurityGroup": _changes(security_groups.create),
    "DescribeSecurityGroups": _reads(security_groups.describe),
    "DeleteSecurityGroup": _changes(security_groups.delete),
    "DescribeSecurityGroupRules": _reads(security_groups.rules),
    "ModifySecurityGroupRules": _changes(group_rule_changes.modify),
    "AuthorizeSecurityGroupIngress": _changes(group_rules.allow_in),
    "AuthorizeSecurityGroupEgress": _changes(group_rules.allow_out),
    "RevokeSecurityGroupIngress": _changes(group_rules.revoke_in),
    "RevokeSecurityGroupEgress": _changes(group_rules.revoke_out),
    # addresses
    "AllocateAddress": _changes(addresses.allocate),
    "AssociateAddress": _changes(addresses.associate),
    "DisassociateAddress": _changes(addresses.disassociate),
    "ReleaseAddress": _changes(addresses.release),
    "DescribeAddresses": _reads(addresses.describe),
    # regions, zones, account
    "DescribeRegions": _reads(regions.regions),
    "DescribeAvailabilityZones": _reads(regions.availability_zones),
    "DescribeAccountAttributes": _reads(regions.account_attributes),
    # tags
    "CreateTags": _changes(tags.create),
    "DeleteTags": _changes(tags.delete),
    "DescribeTags": _reads(tags.describe),
    # networks
    "CreateVpc": _changes(vpcs_change.create_vpc),
    "DeleteVpc": _changes(vpcs_change.delete_vpc),
    "CreateSubnet": _changes(vpcs_change.create_subnet),
    "DeleteSubnet": _changes(vpcs_change.delete_subnet),
    "DescribeVpcs": _reads(vpcs_read.vpcs),
    "DescribeVpcAttribute": _reads(vpcs_read.vpc_attribute),
    "DescribeSubnets": _reads(vpcs_read.subnets),
    "DescribeDhcpOptions": _reads(dhcp_options.describe),
    "CreateDhcpOptions": _changes(dhcp_options.create),
    "AssociateDhcpOptions": _changes(dhcp_options.associate),
    "DeleteDhcpOptions": _changes(dhcp_options.delete),
    "DescribeRouteTables": _reads(route_tables.describe),
    "CreateRoute": _changes(route_changes.create),
    "ReplaceRoute": _changes(route_changes.replace),
    "DeleteRoute": _changes(route_changes.delete),
    "DescribeInternetGateways": _reads(gateways.describe),
    "CreateInternetGateway": _changes(gateways.create),
    "DeleteInternetGateway": _changes(gateways.delete),
    "AttachInternetGateway": _changes(gateways.attach),
    "DetachInternetGateway": _changes(gateways.detach),
    "DescribeNetworkInterfaces": _reads(interfaces.describe),
    "CreateNetworkInterface": _changes(interfaces.create),
    "DeleteNetworkInterface": _changes(interfaces.delete),
    "DescribeNetworkInterfaceAttribute": _reads(interface_attributes.describe),
    "ModifyNetworkInterfaceAttribute": _changes(interface_attributes.modify),
    "ResetNetworkInterfaceAttribute": _changes(interface_attributes.reset),
    "AssignPrivateIpAddresses": _changes(private_addresses.assign),
    "UnassignPrivateIpAddresses": _changes(private_addresses.unassign),
    "AttachNetworkInterface": _changes(interfaces_attach.attach),
    "DetachNetworkInterface": _changes(interfaces_attach.detach),
    # what tools ask about, and is not there or always the same
    "DescribeNetworkAcls": _reads(vpc_extras.acls),
    "CreateDefaultVpc": _changes(vpc_extras.create_default_vpc),
    "ModifyVpcAttribute": _changes(vpc_extras.modify_vpc),
    "ModifySubnetAttribute": _changes(vpc_extras.modify_subnet),
    "DescribeInstanceCreditSpecifications": _reads(vpc_extras.credits_),
    "DescribeAddressesAttribute": _reads(vpc_extras.nothing("Addresses")),
    "DescribeIamInstanceProfileAssociations": _reads(
        vpc_extras.nothing("IamInstanceProfileAssociations")
    ),
    "DescribeNatGateways": _reads(vpc_extras.nothing("NatGateways")),
    "DescribePrefixLists": _reads(vpc_extras.nothing("PrefixLists")),
    "DescribeVpcEndpoints": _reads(vpc_extras.nothing("VpcEndpoints")),
}
