# SPDX-License-Identifier: Apache-2.0
"""The same script was run against moto 5.2.1 (volumes: 5.2.5 too); its answers have the keys that ours have."""

import json
import re
from pathlib import Path

from fixtures import ec2_script

MOTO = json.loads(Path(__file__).with_name("moto_shapes.json").read_text())

JUSTIFIED = {
    r".*Arn$": "there is no AWS partition that an ARN could name",
    r".*BlockDeviceMappings\..*": "root disks are local here, not volumes",
    r".*\bAssociation(\..*)?$": "no public address is given by itself here",
    r".*PublicIpAddress$": "the same",
    r".*StateReason(\..*)?$": "moto gives one to running instances, EC2 does not",
    r".*\.Platform$": "only for Windows on EC2; moto has it always",
    r".*SriovNetSupport$": "a trait of AWS's hardware",
    r".*PrivateDnsName.*": "ports have no names of their own in DNS here",
    r"Images\.(BootMode|Description|ImageOwnerAlias)$": "the test's image has none",
    r"InstanceTypes\.(Ebs|Fpga|Gpu|InferenceAccelerator|MediaAccelerator|Network|Neuron)Info.*":
        "AWS's hardware and its limits",
    r"InstanceTypes\.(NitroEnclavesSupport|NitroTpm.*|PhcSupport|RebootMigrationSupport)":
        "the same",
    r"InstanceTypes\.(InstanceStorageInfo|ProcessorInfo)\..*":
        "what hosts have, a flavor does not tell",
    r"InstanceTypes\.SupportedBootModes": "an image says how it boots",
    r"NetworkInterfaces?\.RequesterId$": "nobody makes interfaces for others here",
    r"NetworkInterfaces\.Attachment\.(AttachTime|NetworkCardIndex)$": "not kept by the network service",
    r"Addresses\.(InstanceId|NetworkInterfaceId)$": "empty in moto, left out here and on EC2",
    r"Instances\.(NetworkInterfaces\..*|PrivateIpAddress|SubnetId|VpcId)$":
        "RunInstances answers before the network service was asked",
}  # fmt: skip
"""Keys of moto's answers that ours lack > why."""


def test_our_answers_have_the_keys_of_motos(client, image_id):
    ours = ec2_script.shapes(client, image_id, "m1.tiny")
    missing = {
        (call, path)
        for call, wanted in MOTO.items()
        for path in wanted
        if path not in ours[call] and not any(re.fullmatch(one, path) for one in JUSTIFIED)
    }
    assert missing == set()


def test_every_difference_is_still_one(client):
    every = {path for wanted in MOTO.values() for path in wanted}
    assert not [one for one in JUSTIFIED if not any(re.fullmatch(one, path) for path in every)]
