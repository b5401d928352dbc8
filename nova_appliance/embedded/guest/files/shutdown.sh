#!/bin/sh
# shutdown [-P|-H|-r] ...: what the guest agent calls to stop this server or start it anew.
case "$*" in
  *-r*) exec reboot ;;
  *) exec poweroff ;;
esac
