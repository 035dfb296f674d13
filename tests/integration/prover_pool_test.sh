#!/usr/bin/env bash
# A pool and three provers through many epochs, with everything that may happen on the way: the pool killed and
# started again, a prover killed, the network cut. What was accepted stays accepted, once; credits sum up.
source "$(dirname "$0")/lib.sh"
source "$repo/scripts/lib/lab_prover.sh"

provers=(a-m1 b-m1 c-m1)
epoch_s=5
undo+=("kill_daemon $prover_host pool; in_host $prover_host rm -rf $pool_data; remove_prover $prover_host")
in_host "$prover_host" rm -rf "$pool_data"

start_bare_prover() { # HOST: the program itself, without the image
  install_prover "$1"
  daemon_in "$1" prover linkspan-prover run --pool "$(overlay_address "$prover_host"):$pool_port" \
    --address "$prover_address" --worker "$1" --srs toy --degree "$prover_degree" --threads 1 --batch 16 \
    --metrics 127.0.0.1:9187
}
credits() { pool_status | jq .credits.shares; }
worker_sum() { pool_status | jq '[.workers[].shares] | add'; }
targets_sum() { pool_status | jq '.credits.targets == ([.workers[].targets] | add)'; }
more_than() { [ "$(credits)" -gt "$1" ]; }
grows() { # WHAT: after WHAT, further shares are accepted
  local before
  before=$(credits)
  await 120 "shares are accepted after $1" more_than "$((before + 3))"
}
# What the provers themselves were told.
told() {
  local host
  for host in "${provers[@]}"; do
    in_host "$host" sh -c 'grep -c "result=accepted" /var/log/lab/prover.log || true'
  done | awk '{ sum += $1 } END { print sum }'
}

start_pool "$epoch_s"
for host in "${provers[@]}"; do
  in_host "$host" rm -f /var/log/lab/prover.log
  undo+=("kill_daemon $host prover KILL; remove_prover $host")
  start_bare_prover "$host"
done

claims "every prover's shares are accepted"
for host in "${provers[@]}"; do await 120 "shares of $host" has_shares "$host"; done

claims "the pool killed and started again has lost nothing that it accepted"
before=$(credits)
kill_daemon "$prover_host" pool KILL
start_pool "$epoch_s"
[ "$(credits)" -ge "$before" ] || fails "$before shares before, $(credits) after"
grows "the pool's death"

claims "a prover that is killed costs the others nothing"
kill_daemon b-m1 prover KILL
grows "a prover's death"
start_bare_prover b-m1

claims "a network that was cut comes back"
undo+=("wan_ctl heal a c")
"$repo/scripts/lab" cut a c
before=$(accepted_of c-m1)
grows "the cut"
"$repo/scripts/lab" heal a c
c_grows() { [ "$(accepted_of c-m1)" -gt "$before" ]; }
await 180 "shares of c-m1 after the cut" c_grows

claims "many epochs have passed"
epoch_now() { pool_status | jq -r '.job.epoch_number // .job.epoch // .job.number'; }
passed() { [ "$(epoch_now)" -ge 8 ]; }
await 120 "the eighth epoch" passed

claims "credits sum up, and no share was told accepted that is not counted"
for host in "${provers[@]}"; do kill_daemon "$host" prover TERM; done
expect_equal "$(worker_sum)" "$(credits)"
expect_equal true "$(targets_sum)"
# A share whose answer was lost on the way may be counted and not told; never the other way round.
[ "$(told)" -le "$(credits)" ] || fails "provers were told of $(told), the pool counts $(credits)"
