#!/usr/bin/env bash
# A join that cannot be gets one clear sentence and changes nothing on the host.
source "$(dirname "$0")/lib.sh"

host=a-spare
spare_host "$host"
install_packages "$host" linkspan-agent linkspan-mirror
before=$(host_state "$host")

# refused WHAT PATTERN LINE: the line fails, says why in one sentence, and the host is as it was.
refused() {
  local what=$1 pattern=$2 line=$3 said
  claims "$what"
  if in_host "$host" sh -c "$line" >"$scratch/out" 2>"$scratch/err" </dev/null; then
    fails "it joined: $(cat "$scratch/out" "$scratch/err")"
  fi
  # What the script says it is doing goes to standard output; the reason alone goes to standard error.
  said=$(cat "$scratch/err")
  say "  says: $said"
  expect_equal 1 "$(grep -c . "$scratch/err")"
  expect_match "$pattern" "$said"
  diff <(echo "$before") <(host_state "$host") || fails "the host has changed"
}

good=$(token a member 1)
line=$(jq -r .join_line <<<"$good")
secret_token=$(jq -r .token <<<"$good")
IFS=. read -r id secret pin <<<"$secret_token"
flip() { local first=${1:0:1}; echo "$([ "$first" = A ] && echo B || echo A)${1:1}"; }
with_token() { echo "${line/"$secret_token"/$1}"; }

refused "a token that nobody issued" 'token' "$(with_token "0000000000000000.$secret.$pin")"
refused "a tampered secret" 'token' "$(with_token "$id.$(flip "$secret").$pin")"
refused "a tampered pin" 'pin|certificate|key' "$(with_token "$id.$secret.$(flip "$pin")")"
refused "something that is no token" 'token' "$(with_token hello)"
refused "a network that is not the token's" 'network' "$line --network elsewhere"

claims "a wrong pin in the line stops curl before anything runs"
wrong_pin=$(sed -E "s|sha256//.{4}|sha256//AAAA|" <<<"$line")
# The line is a pipe, whose status is the shell's at its end: what curl says is the proof.
in_host "$host" sh -c "$wrong_pin" >"$scratch/out" 2>&1 </dev/null || say "  status $?"
expect_match 'pinnedpubkey|public key' "$(cat "$scratch/out")"
diff <(echo "$before") <(host_state "$host") || fails "the host has changed"

brief=$(token a member 1 --expires 1s)
expired=$(jq -r .join_line <<<"$brief")
is_expired() { [ "$(admin token show "$(jq -r .id <<<"$brief")" --json | jq -r .state)" = expired ]; }
await 10 "the token has expired" is_expired
refused "an expired token" 'expired' "$expired"

# One use, taken by a host of another site.
used=$(join_line b member 1)
other=b-spare
spare_host "$other"
install_packages "$other" linkspan-agent linkspan-mirror
undo+=("in_host $other linkspan leave")
in_host "$other" sh -c "$used" >"$scratch/out" 2>&1 </dev/null || fails "$(cat "$scratch/out")"
refused "a used-up token" 'used' "$used"

claims "what was refused for its line joins with the right one"
undo+=("in_host $host linkspan leave")
in_host "$host" sh -c "$line" >"$scratch/out" 2>&1 </dev/null || fails "$(cat "$scratch/out")"
