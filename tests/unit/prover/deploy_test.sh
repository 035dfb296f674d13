#!/usr/bin/env bash
# deploy_test.sh PROGRAM: what the Kubernetes objects name is what the program and its image have. Whether the API takes
# the objects is for a cluster to say.
set -euo pipefail

program=$1
root=$(cd "$(dirname "$0")/../../.." && pwd)
deploy=$root/prover/deploy
daemonset=$deploy/daemonset.yaml
help=$("$program" run --help)
failed=0

wrong() {
  echo "$1" >&2
  failed=1
}
values() { # FIELD FILE: of every line "FIELD: value"
  sed -nE "s|^[ -]*$1: *\"?([^\"]*)\"?\$|\1|p" "$2"
}

# kubectl applies the files of a folder in the order of their names.
first=$(find "$deploy" -name '*.yaml' | LC_ALL=C sort | head -n 1)
[ "$(values kind "$first" | head -n 1)" = Namespace ] ||
  wrong "$first: comes first, expected the namespace that the others are in"
namespace=$(values name "$first" | head -n 1)
for file in "$deploy"/*.yaml; do
  for used in $(values namespace "$file"); do
    [ "$used" = "$namespace" ] || wrong "$file: namespace $used, expected $namespace"
  done
done

variables=$(grep -hoE '\bLINKSPAN_[A-Z_]+' "$deploy"/config.yaml "$daemonset" | sort -u)
[ "$(wc -w <<<"$variables")" -ge 3 ] || wrong "few variables at all: were the files read?"
for variable in $variables; do
  grep -qF "(Env:$variable)" <<<"$help" || wrong "$variable: not read by \`linkspan-prover run\`"
done

paths=$(values path "$daemonset" | sort -u)
[ "$(wc -w <<<"$paths")" = 2 ] || wrong "paths of the probes: $paths, expected /healthz and /readyz"
for path in $paths $(values prometheus.io/path "$daemonset"); do
  grep -qE "serve .*$path(,| |\$)" <<<"$help" || wrong "$path: not served by \`linkspan-prover run\`"
done
for port in $(values port "$daemonset"); do
  grep -qE "^ *- name: $port\$" "$daemonset" || wrong "port $port: no port of the container has this name"
done

port=$(values containerPort "$daemonset")
[ "$(values prometheus.io/port "$daemonset")" = "$port" ] || wrong "prometheus.io/port: expected $port"
grep -q "LINKSPAN_PROVER_METRICS=[0-9.]*:$port\b" "$root/prover/image/build" ||
  wrong "containerPort $port: not where the image's program listens"
user=$(values runAsUser "$daemonset")
grep -q "^user=$user\b" "$root/prover/image/build" || wrong "runAsUser $user: not the image's user"

priority=$(values priorityClassName "$daemonset")
awk -v name="$priority" '
  /^---/ { kind = "" }
  $1 == "kind:" { kind = $2 }
  kind == "PriorityClass" && $1 == "name:" && $2 == name { found = 1 }
  END { exit !found }' "$deploy"/*.yaml || wrong "priorityClassName $priority: no such class among the objects"
exit "$failed"
