#!/bin/sh
# The last words before init stops everything: what was written to /data is safe.
/etc/guest/say "halting"
sync
umount /data || mount -o remount,ro /data
