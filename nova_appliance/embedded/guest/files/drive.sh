#!/bin/sh
# Look for the config drive (a CD or disk labelled config-2) and seed the guest from it.
drive=$(blkid /dev/sr[0-9] /dev/vd? /dev/sd? 2>/dev/null | grep -i 'LABEL="config-2"' | cut -d: -f1)
[ -n "$drive" ] || exit 1
mount -o ro "$drive" /mnt || exit 1
mkdir -p /run/seed
cp /mnt/openstack/latest/meta_data.json /mnt/openstack/latest/user_data /run/seed/ 2>/dev/null
umount /mnt
/etc/guest/seed
