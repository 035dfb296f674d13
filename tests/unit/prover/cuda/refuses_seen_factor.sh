#!/usr/bin/env bash
# The count of instructions fails, and says why, on a product that the compiler took apart.
set -euo pipefail
cd "$(dirname "$0")/../../../.."

code=0
said=$(scripts/check_cubins.py "$1" --only probe) || code=$?
echo "$said"
[ "$code" = 1 ]
grep -q 'BROKEN: 144 IMAD.WIDE, expected 270 to 290: products are taken apart' <<<"$said"
grep -q 'BROKEN: 132 IMAD.HI, expected at most 16' <<<"$said"
