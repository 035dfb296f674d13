# Sourced after lab.sh: Linkspan in the lab. Everything is done as an operator would do it: packages,
# `linkspan` commands, and the join line that `linkspan token create` prints.

packages_in_lab=/var/lib/linkspan-packages

copy_packages() { # HOST
  in_host "$1" mkdir -p "$packages_in_lab"
  tar -C "$packages" -c --exclude=.made . | in_host "$1" tar -C "$packages_in_lab" -x
}

# On the machine's own package lists: everything that ours depend on is installed already.
install_packages() { # HOST PACKAGE...
  local host=$1
  shift
  in_host "$host" sh -euc '
    cd "$1"; shift
    for name; do set -- "$@" ./"$name"_*.deb; shift; done
    apt-get install -qq -y "$@" </dev/null >/var/log/lab/apt.log 2>&1 || { tail /var/log/lab/apt.log >&2; exit 1; }' \
    install "$packages_in_lab" "$@"
}

coordinator_ready() { in_host coordinator curl -fsSk --max-time 2 "$coordinator_url/healthz"; }

start_coordinator() {
  daemon_in coordinator coordinator linkspan-coordinator serve --data-dir "$coordinator_data" \
    --listen "${coordinator_url#https://}" --packages-dir "$packages_in_lab"
  await 30 "the coordinator answers" coordinator_ready
}

make_coordinator() {
  copy_packages coordinator
  install_packages coordinator linkspan-coordinator linkspan-agent
  start_coordinator
}

# exists KIND NAME: whether the API knows it.
exists() {
  admin "$1" list --json | jq -e --arg name "$2" '(.items? // .) | any(.name == $name)' >/dev/null
}

make_objects() {
  local site
  exists network "$network" || admin network create "$network" >/dev/null
  for site in "${sites[@]}"; do
    exists site "$site" || admin site create "$site" --network "$network" >/dev/null
  done
}

# token SITE ROLE USES [OPTIONS...]: the JSON that `linkspan token create` gives.
token() {
  admin token create --network "$network" --site "$1" --role "$2" --uses "$3" --json "${@:4}"
}

# The very line that an operator would paste.
join_line() { token "$@" | jq -r .join_line; }

node_of() { # HOST: its record in the API, or nothing
  admin node list --json | jq -ce --arg name "$1" '(.items? // .)[] | select(.name == $name)'
}

joined() { in_host "$1" linkspan status >/dev/null 2>&1; }

join_host() { # HOST
  joined "$1" && return 0
  local role=member line began_ms
  [ "$(lab_role "$1")" != gateway ] || role=gateway
  line=$(join_line "$(site_of "$1")" "$role" 1)
  began_ms=$(date +%s%3N)
  in_host "$1" sh -c "$line" >"$(host_dir "$1")/join.log" 2>&1 </dev/null || {
    echo "$1: the join line ended with an error:" >&2
    tail -n 20 "$(host_dir "$1")/join.log" >&2
    return 1
  }
  echo $(($(date +%s%3N) - began_ms)) >"$(host_dir "$1")/join_ms"
}

overlay_address() { # HOST: its first IPv4 address on the overlay
  in_host "$1" linkspan status --json | jq -er '[.addresses[] | select(contains(":") | not)][0] | sub("/.*"; "")'
}

# Every site's replica serves the one source of the lab.
make_replicas() {
  local site url known
  known=$(admin replica list --json)
  for site in "${sites[@]}"; do
    url=http://$(overlay_address "$site-replica"):5000
    jq -e --arg url "$url" '(.items? // .) | any(.url == $url)' <<<"$known" >/dev/null ||
      admin replica add "$url" --network "$network" --site "$site" --source "$origin_source" >/dev/null
  done
}

gateways() { printf '%s-gw\n' "${sites[@]}"; }
not_gateways() { joined_hosts | grep -v -- '-gw$'; }

up_product() {
  daemon_alive coordinator coordinator 2>/dev/null && coordinator_ready >/dev/null 2>&1 ||
    step "the coordinator" make_coordinator
  step "network and sites" make_objects
  step "gateways join" in_parallel join_host $(gateways)
  step "the other hosts join" in_parallel join_host $(not_gateways)
  step "replicas" make_replicas
  await 60 "every host is up" all_up
}

all_up() {
  local host
  for host in $(joined_hosts); do
    in_host "$host" linkspan status >/dev/null || { echo "$host is not up"; return 1; }
  done
}

status_json() {
  local host nodes
  nodes=$(admin node list --json 2>/dev/null || echo '[]')
  for host in $(joined_hosts); do
    jq -cn --arg name "$host" --arg site "$(site_of "$host")" --arg role "$(lab_role "$host")" \
      --arg lan "$(lan_address "$host")" --argjson nodes "$nodes" '
      first(($nodes | .items? // .)[] | select(.name == $name)) // null | {
        name: $name, site: $site, role: $role, lan_address: $lan,
        overlay_address: (if . then ([.addresses[] | select(contains(":") | not)][0] // null) else null end),
        node_state: (if . then .state else null end)
      }'
  done | jq -s --arg url "$coordinator_url" --arg key "$admin_key_file" \
    '{hosts: ., coordinator: {url: $url, admin_key_file: $key}}'
}

status() {
  require_root
  is_up || die "the lab is not up: scripts/lab up"
  if [ "${1:-}" = --json ]; then
    status_json
    return
  fi
  [ $# = 0 ] || die "status: $1: expected --json or nothing"
  status_json | jq -r '
    (["HOST", "SITE", "ROLE", "LAN", "OVERLAY", "STATE"] | @tsv),
    (.hosts[] | [.name, .site, .role, .lan_address, .overlay_address // "-", .node_state // "-"] | @tsv)' |
    column -t -s $'\t'
  printf '\ncoordinator  %s\nadmin key    %s\n' "$coordinator_url" "$admin_key_file"
}
