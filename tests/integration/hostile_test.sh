#!/usr/bin/env bash
# What nobody should send to the coordinator: refused with a problem document that names the field, and the
# coordinator goes on as if nothing had been.
source "$(dirname "$0")/lib.sh"

key=$(cut -d. -f1-3 "$admin_key_file")
api() { # METHOD PATH [CURL ARGUMENTS]: body in $scratch/body, status on standard output
  curl -sk --max-time 20 -o "$scratch/body" -D "$scratch/headers" -w '%{http_code}' \
    -X "$1" "$coordinator_url$2" "${@:3}"
}
# refuses WHAT STATUS-PATTERN FIELD-PATTERN METHOD PATH [CURL ARGUMENTS]
refuses() {
  local what=$1 status_pattern=$2 field_pattern=$3 status
  shift 3
  claims "$what"
  status=$(api "$@") || fails "curl: $status"
  expect_match "^($status_pattern)\$" "$status"
  grep -qi '^content-type: application/problem+json' "$scratch/headers" || fails "$(cat "$scratch/headers")"
  jq -e 'has("status") and has("title") and has("detail")' "$scratch/body" >/dev/null || fails "$(cat "$scratch/body")"
  expect_match "$field_pattern" "$(jq -r '(.field // "-") + " " + .detail' "$scratch/body")"
}
nodes() { admin node list --json | jq -cS '[(.items? // .)[] | {id, name, addresses}] | sort_by(.id)'; }
before=$(nodes)
json=(-H 'Content-Type: application/json')
as_admin=(-H "Authorization: Bearer $key" "${json[@]}")

refuses "no key" 401 . GET /v1/nodes
refuses "a wrong key" 401 . GET /v1/nodes -H "Authorization: Bearer ${key%???}AAA"
refuses "malformed JSON" 400 . POST /v1/networks "${as_admin[@]}" -d '{"name":'
refuses "an array where an object belongs" 400 . POST /v1/networks "${as_admin[@]}" -d '[]'
refuses "a wrong type" '400|422' name POST /v1/networks "${as_admin[@]}" -d '{"name":7}'
refuses "an unknown field" '400|422' colour POST /v1/networks "${as_admin[@]}" -d '{"name":"x","colour":"red"}'
refuses "a name that is no DNS label" '400|422' name POST /v1/networks "${as_admin[@]}" -d '{"name":"Not A Label"}'
refuses "a prefix that is none" '400|422' prefixes POST /v1/networks "${as_admin[@]}" \
  -d '{"name":"x","prefixes":["10.0.0.0/99"]}'
refuses "a negative number of uses" '400|422' uses POST /v1/tokens "${as_admin[@]}" \
  -d "{\"network\":\"$network\",\"site\":\"a\",\"role\":\"member\",\"uses\":-1}"
refuses "a site of no network" '404|422|400' network POST /v1/sites "${as_admin[@]}" \
  -d '{"name":"x","network":"nowhere"}'

claims "a body deeper than any of ours"
head -c 60000 /dev/zero | tr '\0' '[' >"$scratch/deep"
expect_match '^4..$' "$(api POST /v1/networks "${as_admin[@]}" --data-binary "@$scratch/deep")"

claims "a body larger than any of ours"
head -c $((32 << 20)) /dev/zero >"$scratch/large"
status=$(api POST /v1/networks "${as_admin[@]}" --data-binary "@$scratch/large" || true)
expect_match '^(413|400|000)$' "$status"

claims "a path that is none"
expect_equal 404 "$(api GET /v1/nothing "${as_admin[@]}")"
claims "a package outside of the packages"
expect_match '^(404|400)$' "$(api GET /packages/../redis/dump.rdb --path-as-is)"
expect_match '^(404|400)$' "$(api GET /packages/%2e%2e%2ftls.key --path-as-is)"

unsigned='{"token":"0000000000000000.AAAA","name":"x"}'
refuses "an unsigned enrolment" '400|401' . POST /v1/enrol "${json[@]}" -d "$unsigned"
refuses "an unsigned view" '400|401' . GET '/v1/view?epoch=0&sequence=0'
refuses "an unsigned report" '400|401' . POST /v1/report "${json[@]}" -d '{}'
refuses "a signature that is none" '400|401' . GET '/v1/view?epoch=0&sequence=0' \
  -H 'Linkspan-Node: 1' -H 'Linkspan-Time: 1' -H 'Linkspan-Host: a/b' \
  -H 'Linkspan-Signature: AAAA'
# Well-formed and of a node that exists, so that only the signature itself is wrong.
forged=(-H "Linkspan-Node: $(node_of a-m1 | jq -r .id)" -H "Linkspan-Time: $(date +%s%3N)"
  -H "Linkspan-Host: a/b" -H "Linkspan-Signature: $(printf 'A%.0s' {1..86})")
refuses "a forged view" 401 '[Ss]ignature' GET '/v1/view?epoch=0&sequence=0' "${forged[@]}"
refuses "a forged leave" 401 '[Ss]ignature' POST /v1/leave "${json[@]}" "${forged[@]}" -d '{}'

claims "not HTTP at all"
head -c 100000 /dev/urandom >"$scratch/noise"
timeout 5 curl -sk --max-time 3 "telnet://${coordinator_url#https://}" <"$scratch/noise" >/dev/null 2>&1 || true

claims "the coordinator is as it was"
expect_equal "$before" "$(nodes)"
daemon_alive coordinator coordinator
