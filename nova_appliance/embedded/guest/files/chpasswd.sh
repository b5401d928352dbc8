#!/bin/sh
# chpasswd [-e]: take lines USER:PASSWORD, as the guest agent gives them; busybox here has none.
while IFS=: read -r user password; do
  grep -q "^$user:" /etc/shadow || exit 1
  [ "$1" = -e ] || password=$(printf '%s\n' "$password" | mkpasswd -m sha512 -P 0)
  days=$(($(date +%s) / 86400))
  awk -F: -v OFS=: -v user="$user" -v hash="$password" -v days="$days" \
    '$1 == user { $2 = hash; $3 = days } { print }' /etc/shadow >/etc/shadow.new || exit 1
  chmod 600 /etc/shadow.new
  mv /etc/shadow.new /etc/shadow
done
