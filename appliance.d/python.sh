# SPDX-License-Identifier: Apache-2.0
# The virtual environment .venv of this clone. Sourced by ./appliance.
# shellcheck shell=bash

VENV=$HERE/.venv

# make_venv EXTRA...: .venv with this project and its extras; does nothing when it is up to date.
# Extras of earlier calls stay.
make_venv() {
  local python extras stamp
  extras=$(cat "$VENV/extras" 2>/dev/null || true)
  # shellcheck disable=SC2086 # one word per extra
  extras=$(printf '%s\n' $extras "$@" | sort -u | paste -sd ,)
  stamp="$extras $(sha256sum <"$HERE/pyproject.toml")"
  [[ -x $VENV/bin/nova-appliance && $(cat "$VENV/stamp" 2>/dev/null) == "$stamp" ]] && return 0
  python=$(choose_python) || die "no python3 of version 3.11 or later was found"
  "$VENV/bin/python" -c 'import pip' 2>/dev/null || {
    say "making .venv with $python"
    "$python" -m venv --clear "$VENV" >>"$LOG" 2>&1 || die "python3 -m venv failed: see $LOG"
  }
  say "installing Python packages into .venv${extras:+ (with $extras)}"
  # Most modules are never imported; those that are get compiled then. It saves 10 s of CPU.
  "$VENV/bin/pip" install -q --disable-pip-version-check --prefer-binary --no-compile \
    -e "$HERE${extras:+[$extras]}" >>"$LOG" 2>&1 || die "pip install failed: see $LOG"
  echo "${extras//,/ }" >"$VENV/extras"
  echo "$stamp" >"$VENV/stamp"
  say "Python packages installed"
}

# make_tempest: tempest in an environment of its own, because it brings a package `fixtures`.
make_tempest() {
  [[ -x $WORK/tempest/bin/tempest ]] && return 0
  say "installing tempest"
  "$(choose_python)" -m venv --clear "$WORK/tempest" >>"$LOG" 2>&1 || die "python3 -m venv failed: see $LOG"
  "$WORK/tempest/bin/pip" install -q --disable-pip-version-check 'tempest>=40' >>"$LOG" 2>&1 ||
    die "pip could not install tempest: see $LOG"
}

# Debian's own python3 first, because Debian's libvirt binding fits it.
choose_python() {
  local python
  for python in /usr/bin/python3 python3 python3.13 python3.12 python3.11; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    command -v "$python" && return 0
  done
  return 1
}

# python_is_ready: whether a virtual environment can be made without installing anything.
python_is_ready() {
  local python
  python=$(choose_python) && "$python" -c 'import ensurepip, venv' 2>/dev/null
}

# Let .venv see Debian's compiled libvirt binding; where it does not fit, compile our own.
link_libvirt() {
  "$VENV/bin/python" -c 'import libvirt' 2>/dev/null && return 0
  local packages=/usr/lib/python3/dist-packages site
  site=$("$VENV/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  ln -sf "$packages"/libvirt*.py "$packages"/libvirtmod*.so "$packages"/libvirt_python-*-info "$site/"
  "$VENV/bin/python" -c 'import libvirt' 2>/dev/null && return 0
  find "$site" -maxdepth 1 -name 'libvirt*' -type l -delete
  say "compiling libvirt's Python binding, because Debian's does not fit $VENV/bin/python"
  install_packages build
  "$VENV/bin/pip" install -q --disable-pip-version-check 'libvirt-python>=9,<10' >>"$LOG" 2>&1 ||
    die "pip could not compile libvirt-python: see $LOG"
}
