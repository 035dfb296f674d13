#!/usr/bin/env bash
# A server's GPUs are in the coordinator's record of it: coordinator, agent and command line as they are, with a
# library that plays NVML in the driver's place. Needs no lab: one host, in namespaces that go with it.
#   gpus_test.sh BUILD-DIRECTORY FAKE-NVML-DIRECTORY
source "$(dirname "$0")/lib.sh"
build=$1 fake=$2

if [ -z "${LINKSPAN_GPUS_INSIDE:-}" ]; then
  status=0
  LINKSPAN_GPUS_INSIDE=1 unshare --net --mount --pid --fork --kill-child --mount-proc "$0" "$@" || status=$?
  exit "$status"
fi

mount -t tmpfs tmpfs /run
mkdir /run/test
ip link set lo up
ip link add lan0 type veth peer name lan1
ip address add 192.168.7.1/24 dev lan0
ip link set lan0 up
ip link set lan1 up
for program in overlay/cli overlay/agent coordinator; do PATH=$build/$program:$PATH; done
directories=(--state-dir /run/test/state --run-dir /run/test/run --log-dir /run/test/log
  --mirror-cache-dir /run/test/cache)
export LINKSPAN_API=https://192.168.7.1:7443 LINKSPAN_KEY_FILE=/run/test/coordinator/admin.key

linkspan-coordinator serve --data-dir /run/test/coordinator --listen 192.168.7.1:7443 >/run/test/coordinator.log 2>&1 &
await 30 "the coordinator answers" linkspan network list
linkspan network create fleet >/dev/null
linkspan site create fra --network fleet >/dev/null
token=$(linkspan token create --network fleet --site fra --json | jq -r .token)

LD_LIBRARY_PATH=$fake linkspan join "$token" --coordinator "$LINKSPAN_API" --name gpu-1 "${directories[@]}" \
  >/run/test/join.log 2>&1 </dev/null || fails "$(cat /run/test/join.log /run/test/log/agent.log)"

claims "the coordinator has the GPUs that the agent's child saw"
expected='{"driver":"580.65.06","devices":[{"count":1,"memory_bytes":150000,"model":"NVIDIA H200"},
  {"count":1,"memory_bytes":18000,"model":"NVIDIA H200 MIG 1g.18gb"}]}'
shown() {
  linkspan node show gpu-1 --json >/run/test/node.json
  jq -e --argjson expected "$expected" '.gpus == $expected' /run/test/node.json
}
await 20 "the coordinator shows them" shown

claims "people see them in a line"
expect_match '^gpus +1 x NVIDIA H200, 146 KiB, 1 x NVIDIA H200 MIG 1g.18gb, 17 KiB, driver 580.65.06$' \
  "$(linkspan node show gpu-1)"

claims "the metrics count them"
expect_match '^linkspan_coordinator_gpus\{model="NVIDIA H200",network="fleet"\} 1$' \
  "$(curl -fsSk --interface 192.168.7.1 -H "Authorization: Bearer $(cat "$LINKSPAN_KEY_FILE")" "$LINKSPAN_API/metrics")"

linkspan leave "${directories[@]}" >/dev/null || fails "leaving"
