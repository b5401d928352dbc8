#!/bin/sh
# Run QEMU's guest agent if this server has a channel for it: its image then says
# hw_qemu_guest_agent. The channel's name comes a moment after the channel.
ls -d /sys/class/virtio-ports/* >/dev/null 2>&1 || exit 0
for _ in $(seq 50); do
  port=$(grep -l '^org.qemu.guest_agent.0$' /sys/class/virtio-ports/*/name 2>/dev/null)
  [ -n "$port" ] && break
  usleep 100000
done
[ -n "$port" ] || exit 0
port=/dev/$(basename "$(dirname "$port")")
exec qemu-ga -p "$port" -t /run -f /run/qemu-ga.pid -l /var/log/qemu-ga.log -F/etc/guest/frozen
