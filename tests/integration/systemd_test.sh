#!/usr/bin/env bash
# Under systemd: ready means that the plan is in effect, what needs the overlay starts after that, a crash is
# mended by the unit, the mirror is a unit without rights, and leaving disables both.
source "$(dirname "$0")/lib.sh"

[ -x /lib/systemd/systemd ] || skip "needs systemd's package on this machine"
host=b-spare
branch=$scratch/cgroup # so that the host's can be removed again
mkdir "$branch"
mount -t cgroup2 cgroup2 "$branch" 2>/dev/null || skip "may not mount cgroup2 here"
undo+=("umount $branch" "find $branch/lab-$host -depth -type d -exec rmdir {} +")

spare_host "$host" systemd
booted() { expect_match '^(running|degraded)$' "$(in_host "$host" systemctl is-system-running)"; }
await 30 "systemd has booted $host" booted
install_packages "$host" linkspan-agent linkspan-mirror
show() { in_host "$host" systemctl show --value -p "$2" "$1"; }

claims "systemd finds nothing wrong with the units"
expect_equal "" "$(in_host "$host" systemd-analyze verify linkspan-agent.service linkspan-mirror.service 2>&1)"

claims "joining enables and starts the agent's unit"
undo+=("in_host $host linkspan leave")
in_host "$host" sh -c "$(join_line b member 1)" >"$scratch/join" 2>&1 </dev/null || fails "$(cat "$scratch/join")"
expect_equal enabled "$(in_host "$host" systemctl is-enabled linkspan-agent)"
expect_equal active "$(show linkspan-agent ActiveState)"
address=$(overlay_address "$host")

claims "the mirror is a unit of its own, without rights"
mirror_runs() { [ "$(show linkspan-mirror SubState)" = running ] && in_host "$host" curl -s http://127.0.0.1:7755/v2/; }
await 30 "the mirror answers" mirror_runs
expect_equal enabled "$(in_host "$host" systemctl is-enabled linkspan-mirror)"
mirror=$(show linkspan-mirror MainPID)
expect_equal linkspan-mirror "$(in_host "$host" ps -o user:20= -p "$mirror")"
expect_equal 0000000000000000 "$(in_host "$host" sed -n 's/^CapBnd:\t//p' "/proc/$mirror/status")"

claims "an agent that is killed is started again, with the same interface, and no ping is lost"
start_pings a-m1 "$address"
index=$(in_host "$host" cat /sys/class/net/ls0/ifindex)
agent=$(show linkspan-agent MainPID)
in_host "$host" kill -KILL "$agent"
another() { [ "$(show linkspan-agent ActiveState)" = active ] && [ "$(show linkspan-agent MainPID)" != "$agent" ]; }
await 20 "another agent is ready" another
expect_equal "$index" "$(in_host "$host" cat /sys/class/net/ls0/ifindex)"
expect_equal "$mirror" "$(show linkspan-mirror MainPID)"
expect_no_ping_lost a-m1

claims "what needs the overlay address, started together with the agent, finds it"
# Wants, so that both are of one transaction as they are at boot; the order is the agent's unit's to ask for.
in_host "$host" sh -c 'cat >/etc/systemd/system/kubelet.service; systemctl daemon-reload' <<'UNIT'
[Unit]
Wants=linkspan-agent.service

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'ip -o address show >/run/seen'
UNIT
in_host "$host" sh -c 'systemctl stop linkspan-mirror linkspan-agent; ip link del ls0; rm -rf /run/linkspan/*
  systemctl start kubelet'
expect_match "ls0 .*$address/" "$(in_host "$host" cat /run/seen)"

claims "leaving disables both and leaves nothing running"
await 30 "the mirror answers" mirror_runs
in_host "$host" linkspan leave >"$scratch/leave" 2>&1 </dev/null || fails "$(cat "$scratch/leave")"
expect_equal "" "$(grep -v -e '^told' -e '^left' "$scratch/leave")"
for unit in linkspan-agent linkspan-mirror; do
  expect_equal disabled "$(in_host "$host" systemctl is-enabled "$unit" || true)"
  expect_equal inactive "$(show "$unit" ActiveState)"
done
expect_equal "" "$(in_host "$host" ps -eo comm= | grep -E 'linkspan|wireguard')"
expect_equal "" "$(in_host "$host" sh -c 'ls -d /var/lib/linkspan /run/linkspan 2>/dev/null; ip -o link | grep ls0')"
