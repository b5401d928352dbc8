#!/bin/sh
# What the guest agent calls before it freezes file systems and after it has thawed them.
/etc/guest/say "file systems: $1"
