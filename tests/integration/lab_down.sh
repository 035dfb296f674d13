#!/usr/bin/env bash
# The lab goes away: no namespace, mount, device, process or file of it is left.
source "$(dirname "$0")/lib.sh"

if [ "${LINKSPAN_KEEP_LAB:-}" = 1 ]; then
  say "kept, as LINKSPAN_KEEP_LAB says"
  exit 0
fi
"$repo/scripts/lab" down

claims "nothing is left of the lab"
expect_equal "" "$(ip netns list | grep -E '^lab-' || true)"
expect_equal "" "$(grep -F "$lab_dir" /proc/self/mounts || true)"
expect_equal "" "$(ip -o link show | grep -F lab-wan || true)"
[ ! -e "$lab_dir" ] || fails "$lab_dir is still there"
