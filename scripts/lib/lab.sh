# Sourced after build.sh: what the lab consists of and how to reach into it. The integration tests
# source this too.
#
# A host is a set of namespaces (network, mount, pid, uts, ipc) over an overlayfs of the machine's root.
# Its network namespace is named lab-HOST; everything else of the lab lies under $lab_dir.

lab_dir=${LINKSPAN_LAB_DIR:-/var/lib/linkspan-lab}
wan_socket=$lab_dir/wan.sock
wan_relay=$lab_build/tests/support/wan_relay

sites=(a b c)
site_hosts=(gw replica m1 m2)
# The same on purpose in every site: nothing between sites may depend on LAN addresses.
lan_prefix=192.168.10
declare -A lan_last=([gw]=2 [replica]=3 [m1]=11 [m2]=12 [spare]=21)
# The WAN is RFC 5737's TEST-NET-3.
wan_prefix=203.0.113
declare -A wan_last=([machine]=1 [coordinator]=10 [origin]=20 [a]=101 [b]=102 [c]=103)
# Round trips in ms between the sites, and from each to the place "w" where coordinator and origin stand.
default_paths=("a b 12" "a c 48" "b c 36" "a w 8" "b w 16" "c w 40")

network=lab
coordinator_url=https://$wan_prefix.${wan_last[coordinator]}:7443
coordinator_data=/var/lib/linkspan-coordinator
# The same file seen from the machine.
admin_key_file=$lab_dir/hosts/coordinator/root$coordinator_data/admin.key
origin_name=images.lab:5000
origin_source=http://$origin_name
wireguard_port=51820

joined_hosts() {
  local site kind
  for site in "${sites[@]}"; do
    for kind in "${site_hosts[@]}"; do echo "$site-$kind"; done
  done
}

members() { local site; for site in "${sites[@]}"; do printf '%s\n' "$site-m1" "$site-m2"; done; }

# Hosts that tests add for themselves stand here too.
extra_hosts() {
  local dir
  for dir in "$lab_dir"/hosts/?-spare; do [ ! -d "$dir" ] || basename "$dir"; done
}

all_hosts() { joined_hosts; printf '%s\n' coordinator origin; }

site_of() { echo "${1%%-*}"; }

lan_address() { echo "$lan_prefix.${lan_last[${1#*-}]}"; }

lab_role() {
  case "$1" in
    *-gw) echo gateway ;;
    *-replica) echo replica ;;
    *) echo member ;;
  esac
}

host_dir() { echo "$lab_dir/hosts/$1"; }

# The host's first process as the machine numbers it; fails when the host is not up.
host_pid() {
  local pid
  pid=$(cat "$(host_dir "$1")/pid" 2>/dev/null) || return 1
  # The number may have been given to another process since; the host's network namespace tells.
  [ "$(stat -Lc %i "/proc/$pid/ns/net" 2>/dev/null)" = "$(stat -Lc %i "/run/netns/lab-$1" 2>/dev/null)" ] || return 1
  echo "$pid"
}

# in_host HOST COMMAND...: as a login there would run it. Routers are network namespaces only. What it starts
# must not hold the lab's lock, descriptor 8.
in_host() {
  local host=$1 pid
  shift
  case "$host" in
    ?-router | wan) ip netns exec "lab-$host" "$@" 8>&-; return ;;
  esac
  pid=$(host_pid "$host") || {
    echo "lab: $host: no host of that name is up; scripts/lab status shows all" >&2
    return 1
  }
  nsenter --target "$pid" --mount --uts --ipc --net --pid --wdns=/root \
    env -i HOME=/root USER=root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@" 8>&-
}

# daemon_in HOST NAME COMMAND...: in the background there; its log is /var/log/lab/NAME.log.
daemon_in() {
  local host=$1 name=$2
  shift 2
  in_host "$host" sh -c '
    name=$1; shift
    mkdir -p /var/log/lab
    setsid "$@" >>"/var/log/lab/$name.log" 2>&1 </dev/null &
    echo $! >"/run/lab-$name.pid"' daemon "$name" "$@"
}

daemon_alive() { in_host "$1" sh -c 'kill -0 "$(cat "/run/lab-$1.pid" 2>/dev/null)" 2>/dev/null' alive "$2"; }

# kill_daemon HOST NAME [SIGNAL]: and waits until it is gone.
kill_daemon() {
  in_host "$1" sh -c 'kill "-$2" "$(cat "/run/lab-$1.pid")"' kill "$2" "${3:-TERM}" || return 0
  await 10 "$2 on $1 is gone" not daemon_alive "$1" "$2"
}

not() { ! "$@"; }

# await SECONDS WHAT COMMAND...: until COMMAND succeeds; its last output is shown when it never does.
await() {
  local limit_s=$1 what=$2 deadline=$((SECONDS + $1)) output
  shift 2
  while ! output=$("$@" 2>&1); do
    if [ "$SECONDS" -ge "$deadline" ]; then
      printf 'after %s s not so: %s\n%s\n' "$limit_s" "$what" "$output" >&2
      return 1
    fi
    sleep 0.1
  done
}

# in_parallel FUNCTION ARGUMENTS...: FUNCTION once an argument, at most eight at a time; fails if any does.
in_parallel() {
  local function=$1 argument pid status=0
  local -a pids=()
  shift
  for argument in "$@"; do
    "$function" "$argument" &
    pids+=($!)
    if [ "${#pids[@]}" -ge 8 ]; then
      wait "${pids[0]}" || status=1
      pids=("${pids[@]:1}")
    fi
  done
  for pid in "${pids[@]}"; do wait "$pid" || status=1; done
  return "$status"
}

wan_ctl() { "$wan_relay" ctl "$wan_socket" "$@"; }

# The admin's CLI, on the coordinator's host.
admin() {
  in_host coordinator env LINKSPAN_API="$coordinator_url" LINKSPAN_KEY_FILE="$coordinator_data/admin.key" \
    linkspan "$@"
}
