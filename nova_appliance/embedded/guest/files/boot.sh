#!/bin/sh
# Brings the guest up, once, before any shell: devices, /data, network, ssh, then the ready line.
# Network and config drive are waited for at the same time.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /run/lease
mount -t devpts devpts /dev/pts
echo 0 >/proc/sys/kernel/printk
# While somebody has the serial port open, words typed before the shell is there wait for it.
sleep 2147483647 <>/dev/ttyS0 &

# Two cards on one network: each answers for its own address only.
echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore
echo 2 >/proc/sys/net/ipv4/conf/all/arp_announce

modprobe -a virtio_pci virtio_blk virtio_net vmxnet3
ip link set lo up
nics=
for nic in /sys/class/net/e*; do
  [ -e "$nic" ] || continue
  /etc/guest/nic "${nic##*/}" &
  nics="$nics $!"
done

modprobe -a virtio-rng virtio_balloon virtio_console evdev button 2>/dev/null
modprobe -a virtio_scsi ata_piix sd_mod sr_mod isofs vfat nls_cp437 nls_ascii nls_iso8859-1
# Disks on SCSI and IDE show a moment after their drivers are there.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  data=$(findfs LABEL=guest-data) && break
  sleep 0.2
done
[ "$data" ] && mount -t ext4 -o noatime "$data" /data
mkdir -p /data/.guest/dropbear
hostname tiny
/etc/guest/drive && seeded=yes
chown -R 1000:1000 /home/tiny
dropbear -R -s
acpid

# Without a name `wait` would wait for the sleep above as well.
# shellcheck disable=SC2086 # one word per process
[ -z "$nics" ] || wait $nics
[ "$seeded" ] || /etc/guest/metadata
address=$(cat /run/lease/* 2>/dev/null | head -n 1)
/etc/guest/say "ready: $(hostname) ${address:-no-address} uptime $(cut -d' ' -f1 /proc/uptime)"

[ -b "$data" ] && resize2fs "$data" >/var/log/resize2fs.log 2>&1 &
/etc/guest/agent &
/etc/guest/userdata &
exit 0
