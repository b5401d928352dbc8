# SPDX-License-Identifier: Apache-2.0
# Debian packages: installs what a purpose needs in one transaction, remembers what was added,
# and takes exactly that away again. Sourced by ./appliance.
# shellcheck shell=bash

POLICY=/usr/sbin/policy-rc.d
KVM=${KVM:-/dev/kvm}
POLICY_MARK='# nova-appliance: no daemon starts while packages are being installed'
APT=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120
  -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold)

# install_packages PURPOSE...: in one transaction whatever these purposes lack.
install_packages() {
  repair_packages
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]})) || return 0
  need_root "to install ${missing[*]}"
  command -v apt-get >/dev/null || die "this needs Debian's apt-get, which is not here"
  say "installing ${#missing[@]} Debian packages ($*) and what they depend on"
  hold_daemons
  local before
  before=$(installed_packages)
  remember_kvm
  refresh_lists "${missing[@]}"
  "${APT[@]}" install -y --no-install-recommends "${missing[@]}" >>"$LOG" 2>&1 ||
    die "apt-get could not install ${missing[*]}: see $LOG"
  remember_packages "$before"
  release_daemons
  say "Debian packages installed"
}

# missing_packages PURPOSE...: names of the packages of these purposes that are not installed.
missing_packages() {
  local wanted
  mapfile -t wanted < <(awk -v purposes=" $* " '/^[^#]/ && index(purposes, " " $1 " ") {print $2}' \
    "$HERE/appliance.d/packages.txt")
  comm -13 <(installed_packages) <(printf '%s\n' "${wanted[@]}" | sort -u)
}

installed_packages() {
  dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' 2>/dev/null | sed -n 's/^ii //p' | sort -u
}

# A run that was killed may have left packages half installed, or our hold on daemons.
repair_packages() {
  release_daemons
  [[ $EUID == 0 && -n $(dpkg --audit 2>/dev/null) ]] || return 0
  say "finishing an interrupted package installation"
  DEBIAN_FRONTEND=noninteractive dpkg --configure -a >>"$LOG" 2>&1 || true
}

refresh_lists() {
  apt-cache show "$@" >/dev/null 2>&1 && [[ -n $(find /var/lib/apt/lists -maxdepth 1 \
    -name '*Packages*' -mtime -1 -print -quit) ]] && return 0
  say "fetching the lists of Debian packages"
  "${APT[@]}" update >>"$LOG" 2>&1 || say "apt-get update had trouble (see $LOG); trying anyway"
}

hold_daemons() {
  [[ -e $POLICY ]] && return 0
  printf '#!/bin/sh\n%s\nexit 101\n' "$POLICY_MARK" >"$POLICY"
  chmod 755 "$POLICY"
}

release_daemons() {
  if grep -qsF "$POLICY_MARK" "$POLICY"; then rm -f "$POLICY"; fi
}

# remember_packages BEFORE: add to the record what is installed now and was not before.
remember_packages() {
  local record=$STATE/packages.added
  mkdir -p "$STATE"
  touch "$record"
  comm -13 <(echo "$1") <(installed_packages) | sort -u - "$record" >"$record.new"
  mv "$record.new" "$record"
}

# QEMU's packages open the device of hardware virtualization to their group; what it was before.
remember_kvm() {
  mkdir -p "$STATE"
  [[ ! -e $KVM || -e $STATE/kvm.before ]] || stat -c '%a %u:%g' "$KVM" >"$STATE/kvm.before"
}

restore_kvm() {
  local mode owner
  [[ -e $KVM && -s $STATE/kvm.before ]] || return 0
  read -r mode owner <"$STATE/kvm.before"
  chown "$owner" "$KVM" && chmod "$mode" "$KVM"
}

# Remove the packages of the record, unless something that came later needs them.
remove_packages() {
  [[ -s $STATE/packages.added ]] || return 0
  local added others
  mapfile -t added < <(comm -12 "$STATE/packages.added" <(installed_packages))
  ((${#added[@]})) || return 0
  others=$("${APT[@]}" -s purge "${added[@]}" | sed -n 's/^Purg \([^ ]*\).*/\1/p' | sort -u |
    comm -23 - "$STATE/packages.added")
  if [[ -n $others ]]; then
    say "Debian packages stay: ${others//$'\n'/, } came later and needs them"
    return 0
  fi
  say "removing ${#added[@]} Debian packages that \`up\` had installed"
  "${APT[@]}" purge -y "${added[@]}" >>"$LOG" 2>&1 || die "apt-get purge failed: see $LOG"
  # What libvirtd wrote while it ran, which no package claims.
  if grep -qx libvirt-daemon-system "$STATE/packages.added"; then
    rm -rf /etc/libvirt /run/libvirt /var/{cache,lib,log}/libvirt
  fi
  restore_kvm
}

# vanish FOLDER...: killed in between it leaves no half that the next word would take for whole.
vanish() {
  local folder
  for folder in "$@"; do
    rm -rf "$folder.going"
    [[ ! -e $folder ]] || mv -T "$folder" "$folder.going" 2>/dev/null || rm -rf "$folder" # a mount point stays
    rm -rf "$folder.going"
  done
}
