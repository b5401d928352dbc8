#!/bin/sh
# Called for each device event after boot: a network card that was plugged in takes an address.
# shellcheck disable=SC2154
[ "$ACTION $SUBSYSTEM" = "add net" ] && exec setsid /etc/guest/nic "$INTERFACE"
exit 0
