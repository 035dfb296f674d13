#!/usr/bin/env bash
# help_test.sh PROGRAM...: each explains itself as a man page would, and wrong usage ends with 2.
set -uo pipefail

fails() {
  echo "$1: $2" >&2
  exit 1
}

for program in "$@"; do
  name=$(basename "$program")
  help=$("$program" --help) || fails "$name --help" "status $?"
  for part in FILES "EXIT STATUS" EXAMPLES; do
    grep -qx "$part" <<<"$help" || fails "$name --help" "has no part $part"
  done
  "$program" --no-such-option >/dev/null 2>&1
  status=$?
  [ "$status" = 2 ] || fails "$name --no-such-option" "status $status, expected 2"
done
