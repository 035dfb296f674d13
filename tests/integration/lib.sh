# Sourced by every test here. A test is a list of claims; the first that does not hold ends it.
source "$(dirname "${BASH_SOURCE[0]}")/../../scripts/lib/common.sh"
for part in build lab lab_net lab_host lab_product lab_image; do source "$repo/scripts/lib/$part.sh"; done

skip() {
  echo "skipped: $*"
  exit 77
}
[ "$(id -u)" = 0 ] || skip "needs root"
[ -c /dev/net/tun ] || skip "needs /dev/net/tun"
unshare --net --mount --pid --fork true 2>/dev/null || skip "may not make namespaces here"

scratch=$(mktemp -d)
undo=()
finish() {
  local status=$? i
  # Undone last first, each whatever became of the one before.
  for ((i = ${#undo[@]} - 1; i >= 0; i--)); do
    eval "${undo[i]}" >/dev/null 2>&1 || echo "could not undo: ${undo[i]}" >&2
  done
  rm -rf "$scratch"
  [ "$status" = 0 ] || echo "FAILED: ${claim:-before the first claim}" >&2
  exit "$status"
}
trap finish EXIT

claims() {
  claim=$*
  say "$claim"
}

fails() { # WHAT WAS SEEN
  printf 'not so: %s\n%s\n' "$claim" "$*" >&2
  return 1
}

expect_equal() { # EXPECTED ACTUAL
  [ "$1" = "$2" ] || fails "expected $1, got $2"
}

expect_match() { # EXTENDED REGULAR EXPRESSION, TEXT
  grep -qE -- "$1" <<<"$2" || fails "expected something like: $1
got: $2"
}

# One of three packets: a machine that is busy may lose one in a queue, and that is not what is asked here.
ping_ok() { in_host "$1" ping -c1 -W2 "$2" || in_host "$1" ping -c2 -i0.3 -W2 "$2"; }

# start_pings HOST ADDRESS: twenty a second in the background, until expect_no_ping_lost.
start_pings() {
  in_host "$1" sh -c 'ping -i0.05 -w120 "$1" >/run/lab-pings & echo $! >/run/lab-pings.pid' ping "$2"
}

# The last one may be under way still: those that were answered must be the first ones, without a gap.
expect_no_ping_lost() { # HOST
  in_host "$1" sh -c 'kill -INT "$(cat /run/lab-pings.pid)"'
  await 5 "ping has counted" in_host "$1" grep -q 'packet loss' /run/lab-pings
  in_host "$1" awk -F'icmp_seq=' '/bytes from/ { count++; last = $2 + 0 } END { exit !count || count != last }' \
    /run/lab-pings || fails "$(in_host "$1" tail -n 4 /run/lab-pings)"
}

# The mirror of HOST has chosen the replica of SITE. What it measured on a machine that was busy, or learned from a
# replica that an earlier test killed, is put right by itself, in a minute or two.
prefers_site() { # HOST SITE
  in_host "$1" linkspan-mirror explain --json >"$scratch/explain"
  jq -e --arg site "$2" \
    '. as $all | [.sources[].preferred] | all(. as $id | any($all.replicas[]; .id == $id and .site == $site))' \
    "$scratch/explain" || { in_host "$1" linkspan-mirror explain; return 1; }
}

# Milliseconds of the fastest of five round trips.
rtt_ms() { in_host "$1" ping -c5 -i0.2 -W2 "$2" | sed -nE 's|^rtt [^=]*= ([0-9.]+)/.*|\1|p'; }

# The path from HOST to ADDRESS takes this long and at most 3 ms more: the fastest of many, since on a machine that is
# busy five in a row may have waited for a processor.
rtt_is() { # HOST ADDRESS MS
  local measured_ms
  measured_ms=$(rtt_ms "$1" "$2")
  echo "$measured_ms ms, emulated $3 ms"
  at_most "$3" "$measured_ms" && at_most "$measured_ms" "$(($3 + 3))"
}

at_most() { awk -v value="$1" -v most="$2" 'BEGIN { exit !(value <= most) }'; }

# Its cable by name: the kernel takes its time to end a network namespace.
remove_spare_host() { # HOST
  remove_host "$1"
  in_ns "$(site_of "$1")-router" link del "$1"
  ip netns del "lab-$1"
}

# A host of its own, as a fresh server of the site: the packages are there, nothing has joined.
spare_host() { # HOST [systemd]
  wire_lan_host "$1"
  undo+=("remove_spare_host $1")
  make_host "$@"
  settled() { ! in_host "$1" ip -o -6 addr | grep tentative; }
  await 10 "$1 has its addresses" settled "$1"
  copy_packages "$1"
}

# What this host's files are besides the machine's: the upper side of its overlay, without what equals the
# machine's own again, without logs and without what the container runtime keeps.
files_of() { # HOST
  local upper path
  upper=$(host_dir "$1")/upper
  find "$upper" \( -path "$upper/var/log" -o -path "$upper/var/lib/containerd" -o -path "$upper/root/.cache" \
    -o -path "$upper/var/cache/apt" \) -prune -o -printf '%P\n' | sort | while IFS= read -r path; do
    if [ -d "$upper/$path" ] && [ ! -L "$upper/$path" ]; then
      [ -d "/$path" ] || echo "$path/ $(stat -c %a "$upper/$path")"
    elif [ ! -f "$upper/$path" ]; then
      stat -c "$path %F %a" "$upper/$path"
    elif ! cmp -s "$upper/$path" "/$path"; then
      echo "$path $(stat -c %a "$upper/$path") $(sha256sum <"$upper/$path")"
    fi
  done
}

# Everything that Linkspan could have changed on a host, as text that is equal when nothing has. Counters,
# ages and the numbers that the kernel gives to devices are left out.
host_state() { # HOST
  in_host "$1" sh -c '
    echo "== links"; ip -d -o link | sed -E "s/^[0-9]+: //; s/@if[0-9]+//; s/ (qlen|numtxqueues|promiscuity) [0-9]+//g"
    echo "== addresses"; ip -o addr | sed -E "s/^[0-9]+: //; s/(valid|preferred)_lft [^ ]+//g"
    echo "== routes"; ip route show table all; ip -6 route show table all | sed -E "s/ expires [0-9]+sec//"
    echo "== rules"; ip rule; ip -6 rule
    echo "== nft"; nft list ruleset
    echo "== sysctls"; sysctl -a 2>/dev/null | grep -E "^net\.(ipv[46]\.(conf|ip_forward|fib|ip_)|core)" |
      grep -vE "stable_secret"
    echo "== run"; find /run \( -path "/run/lab-*" -o -path /run/containerd \) -prune -o -printf "%p\n" | sort
    echo "== processes"; ps -eo comm | grep -E "linkspan|wireguard" | sort'
  echo "== files"
  files_of "$1"
}
