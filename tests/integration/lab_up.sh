#!/usr/bin/env bash
# The lab comes up: every host joins with exactly the printed line and is on the overlay.
source "$(dirname "$0")/lib.sh"

"$repo/scripts/lab" up
say "the lab is up"
"$repo/scripts/lab" status
