#!/bin/sh
# Ask the metadata service for what a config drive would hold. It gets one second; a service that
# answers later is heard by a process left behind.
# shellcheck disable=SC2015
from=http://169.254.169.254/openstack/latest
mkdir -p /run/seed

ask() {
  timeout "$2" wget -q -O /run/seed/asked "$from/$1" 2>/dev/null &&
    mv /run/seed/asked "/run/seed/$1"
}

learn() {
  ask meta_data.json "$1" || return 1
  ask user_data 5
  /etc/guest/seed
}

learn 1 && exit 0
(
  for _ in $(seq 60); do
    sleep 2
    learn 5 && /etc/guest/say "seeded: $(hostname)" && exec /etc/guest/userdata
  done
) &
exit 0
