# Read by every login shell of the guest.
export PATH=/bin HOME="${HOME:-/root}" TERM="${TERM:-linux}"
PS1='\u@\h:\w\$ '
cd "$HOME" 2>/dev/null || cd /
