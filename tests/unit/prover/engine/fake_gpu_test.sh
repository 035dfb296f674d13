#!/usr/bin/env bash
# The program with a library of the CUDA engine whose card is played by loops: its bench computes right sums, and
# its shares are accepted by a pool; a card that is lost for good and one that computes wrongly end both with
# status 3, and say why.
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

address=aleo1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq3ljyzc
work=$(mktemp -d)
started=()
undo() {
  local pid
  for pid in "${started[@]}"; do ! kill -0 "$pid" 2>/dev/null || kill "$pid"; done
  wait
  rm -rf "$work"
}
trap undo EXIT
"$prover" pool --srs toy --degree 31 --address "$address" --data-dir "$work/pool" --listen 127.0.0.1:0 \
  --epoch-seconds 0 --target 2 --target-cap 2 2>"$work/pool.log" &
started+=($!)
# appears TEXT PID LOG: once the log has the text; fails when the process that writes it ends before.
appears() {
  grep -q "$1" < <(timeout 100 tail -F --pid="$2" -n +1 "$3" 2>/dev/null) || { cat "$3"; exit 1; }
}
appears 'state=ready' "${started[0]}" "$work/pool.log"
port=$(sed -n 's/.*state=ready listen=127.0.0.1://p' "$work/pool.log")
run=("$prover" run --engine cuda --srs toy --degree 31 --pool "127.0.0.1:$port" --address "$address")

"${run[@]}" 2>"$work/run.log" &
started+=($!)
appears 'result=accepted' "${started[1]}" "$work/run.log"
kill "${started[1]}"
wait "${started[1]}"

for fault in lost wrong; do
  code=0
  FAKE_GPU=$fault "${run[@]}" 2>"$work/run.log" || code=$?
  echo "run, $fault: status $code"
  cat "$work/run.log"
  [ "$code" = 3 ]
done
grep -q 'card 0 fake' "$work/run.log"
