# Sourced by every script here: strict mode, the repository's root, messages, and a step runner that
# always shows that something is going on.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
started_s=$SECONDS

# Build products of different checkouts and presets share what they can.
export CCACHE_BASEDIR=$repo CCACHE_NOHASHDIR=1

say() { printf '[%3d s] %s\n' $((SECONDS - started_s)) "$*"; }

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

require_root() {
  [ "$(id -u)" = 0 ] || die "run as user id $(id -u), expected root"
}

# step NAME COMMAND...: runs it, tells how long it took, and passes its status on.
step() {
  local name=$1 began=$SECONDS status=0
  shift
  say "$name ..."
  "$@" || status=$?
  if [ "$status" != 0 ]; then
    say "$name: ended with status $status after $((SECONDS - began)) s"
    return "$status"
  fi
  say "$name: done in $((SECONDS - began)) s"
}

# quietly LOG COMMAND...: output goes to LOG, a line every 15 s says that it is alive, and the end of
# LOG is shown when it fails.
quietly() {
  local log=$1 began=$SECONDS status=0
  shift
  mkdir -p "$(dirname "$log")"
  "$@" >"$log" 2>&1 </dev/null &
  local pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    for _ in {1..75}; do
      kill -0 "$pid" 2>/dev/null || break 2
      sleep 0.2
    done
    say "  ... $((SECONDS - began)) s: $(tail -n 1 "$log" | cut -c1-90)"
  done
  wait "$pid" || status=$?
  if [ "$status" != 0 ]; then
    tail -n 60 "$log" >&2
    printf '(the whole of it: %s)\n' "$log" >&2
  fi
  return "$status"
}
