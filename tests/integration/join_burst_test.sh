#!/usr/bin/env bash
# Fifteen hundred servers join at once while the coordinator is killed, three times. Every join that it had
# acknowledged is still known afterwards, and no address was given twice.
source "$(dirname "$0")/lib.sh"

burst=$lab_build/tests/support/enrol_burst
count=1500
restart() { daemon_alive coordinator coordinator || start_coordinator; }
undo+=(restart)

# A network of its own: the lab's twelve stay as they are.
exists network burst || admin network create burst >/dev/null
exists site burst || admin site create burst --network burst >/dev/null
token=$(admin token create --network burst --site burst --role member --uses "$count" --json | jq -r .token)
before=$(admin node list --network burst --json | jq '(.items? // .) | length')

claims "$count joins are acknowledged although the coordinator is killed three times"
"$burst" "$coordinator_url" "$token" "$count" 120 >"$scratch/acknowledged" 2>"$scratch/errors" &
pid=$!
acknowledged() { wc -l <"$scratch/acknowledged"; }
for at in 50 400 800; do
  more_than() { [ "$(acknowledged)" -ge "$at" ]; }
  await 60 "$at joins are acknowledged" more_than
  kill_daemon coordinator coordinator KILL
  say "  killed after $(acknowledged)"
  start_coordinator
done
wait "$pid" || fails "$(sort "$scratch/errors" | uniq -c | sort -rn | head -n 5)"
expect_equal "$count" "$(acknowledged)"

claims "every one of them is there, with the address that it was told"
admin node list --network burst --json | jq -r '(.items? // .)[] | "\(.id) \(.addresses[0] | sub("/.*"; ""))"' |
  sort >"$scratch/known"
cut -d' ' -f2,3 "$scratch/acknowledged" | sort >"$scratch/told"
missing=$(comm -23 "$scratch/told" "$scratch/known")
expect_equal "" "$missing"

claims "no address was given twice, and no node twice"
expect_equal "" "$(cut -d' ' -f2 "$scratch/known" | sort | uniq -d)"
expect_equal "$((before + count))" "$(wc -l <"$scratch/known")"
