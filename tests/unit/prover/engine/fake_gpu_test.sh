#!/usr/bin/env bash
# The program with a library of the CUDA engine whose card is played by loops: its bench computes right sums, a
# card that is lost for good and one that computes wrongly end it with status 3, and say why.
set -euo pipefail
prover=$1
export LD_LIBRARY_PATH=$2
bench=("$prover" bench --engine cuda --degree 31 --seconds 1 --json)

said=$("${bench[@]}")
echo "$said"
grep -q '"card":"fake"' <<<"$said"
grep -q '"wide_windows":40' <<<"$said"

code=0
said=$(FAKE_GPU=lost "${bench[@]}" 2>&1) || code=$?
echo "status $code: $said"
[ "$code" = 3 ]
grep -q 'fake: off the bus' <<<"$said"

code=0
said=$(FAKE_GPU=wrong "${bench[@]}" 2>&1) || code=$?
echo "status $code: $said"
[ "$code" = 3 ]
grep -q "the card's commitment is not what its polynomial says" <<<"$said"
