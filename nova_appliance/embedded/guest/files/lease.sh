#!/bin/sh
# What udhcpc calls when a lease begins, changes or ends; it hands over the lease as variables.
# shellcheck disable=SC2154
metric=$((100 + $(cat "/sys/class/net/$interface/ifindex")))

add_routes() {
  for gateway in $router; do
    ip route add default via "$gateway" dev "$interface" metric "$metric"
    break
  done
  # shellcheck disable=SC2086 # pairs of target and gateway
  set -- $staticroutes
  while [ $# -ge 2 ]; do
    ip route add "$1" via "$2" dev "$interface" metric "$metric" 2>/dev/null ||
      ip route add "$1" dev "$interface" metric "$metric"
    shift 2
  done
}

case $1 in
  bound | renew)
    ip addr flush dev "$interface" scope global
    [ -n "$mtu" ] && ip link set "$interface" mtu "$mtu"
    ip addr add "$ip/${mask:-24}" dev "$interface"
    add_routes
    for server in $dns; do echo "nameserver $server"; done >/etc/resolv.conf
    echo "$ip" >"/run/lease/$interface"
    ;;
  deconfig)
    rm -f "/run/lease/$interface"
    ip addr flush dev "$interface" scope global
    ;;
esac
