#!/bin/sh
# Take name and keys from /run/seed/meta_data.json.
awk -f /etc/guest/json.awk /run/seed/meta_data.json >/run/seed/flat || exit 1

value() { sed -n "s#^$1	##p" /run/seed/flat | head -n 1; }

name=$(value hostname | cut -d. -f1)
[ -n "$name" ] || name=$(value name)
name=$(echo "$name" | tr -cd 'A-Za-z0-9.-')
[ -n "$name" ] && hostname "$name" && echo "127.0.0.1 localhost $name" >/etc/hosts
value uuid >/run/seed/uuid

for home in /root /home/tiny; do
  mkdir -p "$home/.ssh"
  sed -n 's#^public_keys/[^	]*	##p' /run/seed/flat | grep . >"$home/.ssh/authorized_keys"
  chmod 700 "$home/.ssh"
  chmod 600 "$home/.ssh/authorized_keys"
done
chown -R 1000:1000 /home/tiny
exit 0
