#!/bin/sh
# Run user data that is a script, once in the life of this server; its output goes to the serial
# port and to /var/log/userdata.log.
script=/run/seed/user_data
[ -s "$script" ] || exit 0
done_mark=/data/.guest/userdata-$(cat /run/seed/uuid)
[ -e "$done_mark" ] && exit 0
touch "$done_mark"
sync
if [ "$(head -c 2 "$script")" != "#!" ]; then
  exec /etc/guest/say "user data: not a script, left in $script"
fi
chmod 755 "$script"
code=/run/seed/user_data.code
{ cd / && "$script"; echo $? >"$code"; } 2>&1 </dev/null |
  tee /var/log/userdata.log >/dev/ttyS0 2>/dev/null
/etc/guest/say "user data: ended with $(cat "$code")"
