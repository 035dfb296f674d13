#!/usr/bin/env bash
# Without systemd too, an agent that dies comes back by itself and no packet is lost for it; the init script
# does what an init expects of it; and leaving leaves nothing running, whatever had died before.
source "$(dirname "$0")/lib.sh"

host=a-spare
tag=agent-death
spare_host "$host"
install_packages "$host" linkspan-agent linkspan-mirror
before=$(host_state "$host")
make_image "$tag"
replicate_image "$tag" a-replica
undo+=("in_host $host linkspan leave")
in_host "$host" sh -c "$(join_line a member 1)" >"$scratch/join" 2>&1 </dev/null || fails "$(cat "$scratch/join")"
await 30 "$host is up" in_host "$host" linkspan status
address=$(overlay_address "$host")

pid_of() { in_host "$host" cat "/run/linkspan/$1.pid"; }
kill_agent() { in_host "$host" sh -c 'kill -KILL "$(cat "/run/linkspan/$1.pid")"' kill "$1"; }
# Up with an agent that is not the one of that process id.
another_is_up() {
  in_host "$host" linkspan status --json | jq -e --argjson pid "$1" '.up and .running and .pid != $pid'
}
no_process() { ! in_host "$host" pgrep -x "$1"; }
# One mirror, which is the child of the agent that runs.
one_mirror() {
  expect_equal 1 "$(in_host "$host" pgrep -xc linkspan-mirror)" &&
    in_host "$host" pgrep -x -P "$(pid_of agent)" linkspan-mirror
}
await 30 "its mirror runs" one_mirror

claims "an agent that is killed comes back by itself, with the same interface"
start_pings a-m1 "$address"
index=$(in_host "$host" cat /sys/class/net/ls0/ifindex)
agent=$(pid_of agent)
kill_agent agent
await 20 "another agent is up" another_is_up "$agent"
expect_equal "$index" "$(in_host "$host" cat /sys/class/net/ls0/ifindex)"
await 60 "one mirror runs, the new agent's" one_mirror

claims "not a ping was lost"
expect_no_ping_lost a-m1

claims "the init script tells, stops and starts"
in_host "$host" /etc/init.d/linkspan-agent status
in_host "$host" /etc/init.d/linkspan-agent stop
no_process linkspan-agent || fails "the agent runs"
await 40 "no mirror is left" no_process linkspan-mirror
status=0
in_host "$host" /etc/init.d/linkspan-agent status || status=$?
expect_equal 3 "$status"
ping_ok a-m1 "$address" >/dev/null
in_host "$host" /etc/init.d/linkspan-agent start
in_host "$host" linkspan status --json | jq -e .applied >/dev/null || fails "started, and its plan is not applied"
agent=$(pid_of agent)
in_host "$host" /etc/init.d/linkspan-agent restart
await 10 "another agent is up" another_is_up "$agent"

claims "a keeper that is killed takes nobody along, and starting gives the agent another"
agent=$(pid_of agent)
kill_agent keeper
in_host "$host" /etc/init.d/linkspan-agent start
expect_equal "$agent" "$(pid_of agent)"
kill_agent agent
await 40 "another agent is up" another_is_up "$agent"
await 60 "one mirror runs, the new agent's" one_mirror

claims "leaving ends a mirror that is in the middle of an answer, and leaves nothing"
digest=$(in_host origin skopeo inspect --raw --tls-verify=false "docker://$image:$tag" | jq -r '.layers[0].digest')
url="http://127.0.0.1:7755/v2/${image#*/}/blobs/$digest?ns=$origin_name"
# The mirror is seconds old: until it has found a replica it answers 404, which is not to be taken for the blob.
in_host "$host" sh -c '
  curl -sf --retry 30 --retry-delay 1 --retry-all-errors --limit-rate 64k -o /run/lab-blob "$1" &' curl "$url"
undo+=("in_host $host sh -c '! pgrep -x curl >/dev/null || pkill -x curl'")
await 40 "the answer is under way" in_host "$host" test -s /run/lab-blob
mirror=$(in_host "$host" pgrep -x linkspan-mirror)
kill_agent keeper
kill_agent agent
in_host "$host" kill -0 "$mirror" || fails "the mirror does not finish its answers"
in_host "$host" linkspan leave >"$scratch/leave" 2>&1 </dev/null || fails "$(cat "$scratch/leave")"
in_host "$host" sh -c 'pkill -x curl; rm -f /run/lab-blob'
diff <(echo "$before") <(host_state "$host") || fails "the host is not as it was before it joined"
