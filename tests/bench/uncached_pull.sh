#!/usr/bin/env bash
# One blob through a cold proxy against the same blob straight from the replica, and against nginx with
# proxy_store, which stores what it passes on and checks nothing: about what any proxy can reach here.
# All three in turns, so that what else the machine does hits them alike. Prints every round, medians
# and the processor time that each process spent for a gigabyte.
#
#   tests/bench/uncached_pull.sh [BUILD_DIR] [ROUNDS] [MEGABYTES]
#
# Needs docker-registry, nginx, curl, jq. Uses loopback ports 18082..18084 and a directory under TMPDIR
# (/tmp). DESIGN's budget: proxy >= 0.9 of the replica.
set -euo pipefail
build=${1:-build/release}
rounds=${2:-7}
megabytes=${3:-1024}
dir=$(mktemp -d "${TMPDIR:-/tmp}/linkspan_bench_XXXXXX")
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT

# Puts standard input into the registry's own store; prints the digest's hex.
put_blob() {
  cat > "$dir/blob"
  local hex store=$dir/registry/docker/registry/v2
  hex=$(sha256sum "$dir/blob" | cut -d' ' -f1)
  mkdir -p "$store/blobs/sha256/${hex:0:2}/$hex" "$store/repositories/bench/blob/_layers/sha256/$hex"
  mv "$dir/blob" "$store/blobs/sha256/${hex:0:2}/$hex/data"
  printf 'sha256:%s' "$hex" > "$store/repositories/bench/blob/_layers/sha256/$hex/link"
  echo "$hex"
}
large=$(head -c "${megabytes}M" /dev/urandom | put_blob)
small=$(head -c 1000 /dev/urandom | put_blob)
target=/v2/bench/blob/blobs/sha256:$large

cat > "$dir/registry.yml" <<YML
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $dir/registry}}
http: {addr: 127.0.0.1:18082}
YML
docker-registry serve "$dir/registry.yml" > "$dir/registry.log" 2>&1 & registry=$!; pids+=("$registry")
mkdir "$dir/www" && chmod 755 "$dir"
cat > "$dir/nginx.conf" <<CONF
daemon off; master_process off; pid $dir/nginx.pid; error_log $dir/nginx.log;
events { worker_connections 64; }
http { access_log off; sendfile on; tcp_nopush on; client_body_temp_path $dir/t1; proxy_temp_path $dir/t2;
  fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  server { listen 127.0.0.1:18083; location / { root $dir/www; proxy_pass http://127.0.0.1:18082;
    proxy_http_version 1.1; proxy_buffers 16 512k; proxy_buffer_size 64k; proxy_busy_buffers_size 2m;
    proxy_temp_file_write_size 1m; proxy_max_temp_file_size 0; proxy_store on; } } }
CONF
nginx -c "$dir/nginx.conf" -e "$dir/nginx.log" & nginx=$!; pids+=("$nginx")
cat > "$dir/map.json" <<'JSON'
{"format":1,"network":"b","site":"b","node":"b",
 "replicas":[{"id":1,"site":"b","url":"http://127.0.0.1:18082","sources":["docker.io"]}]}
JSON

answers() { # PORT: until a small blob comes through it
  for _ in $(seq 100); do
    curl -fsS -o /dev/null "http://127.0.0.1:$1/v2/bench/blob/blobs/sha256:$small" 2>/dev/null && return
    sleep 0.05
  done
  echo "nothing on port $1" >&2
  exit 1
}
cpu_s() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / hz }' "/proc/$1/stat"; }
pull() { # NAME PORT [PID]: notes the rate, and the processor time of PID (and its registry's) for a GB
  local rate before=0 after=0 registry_before registry_after
  registry_before=$(cpu_s "$registry")
  [ -z "${3:-}" ] || before=$(cpu_s "$3")
  rate=$(curl -fsS -o /dev/null -w '%{speed_download}' "http://127.0.0.1:$2$target")
  [ -z "${3:-}" ] || after=$(cpu_s "$3")
  registry_after=$(cpu_s "$registry")
  awk -v r="$rate" -v c="$before" -v d="$after" -v e="$registry_before" -v f="$registry_after" \
    -v g="$(awk -v m="$megabytes" 'BEGIN { print m * 1048576 / 1e9 }')" \
    'BEGIN { printf "%.3f %.2f %.2f\n", r / 1e9, (d - c) / g, (f - e) / g }' >> "$dir/$1.figures"
  tail -n 1 "$dir/$1.figures" | awk -v n="$1" '{ printf "  %-7s %s GB/s, CPU s/GB: itself %s, registry %s\n", n, $1, $2, $3 }'
}
answers 18082
answers 18083
for round in $(seq "$rounds"); do
  echo "round $round"
  pull direct 18082
  sync "$dir"/*
  "$build/mirror/linkspan-mirror" --listen 127.0.0.1:18084 --site-map "$dir/map.json" \
    --cache-dir "$dir/cache$round" 2> "$dir/mirror.log" & mirror=$!; pids+=("$mirror")
  answers 18084
  pull proxy 18084 "$mirror"
  kill "$mirror"
  wait "$mirror" || true
  rm -rf "$dir/cache$round" && sync "$dir"/*
  pull nginx 18083 "$nginx"
  rm -rf "$dir"/www/v2 && sync "$dir"/*
done

median() { awk -v k="$2" '{ print $k }' "$dir/$1.figures" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
direct=$(median direct 1)
for name in direct proxy nginx; do
  awk -v n="$name" -v r="$(median "$name" 1)" -v d="$direct" -v c="$(median "$name" 2)" -v g="$(median "$name" 3)" 'BEGIN {
    printf "%-7s median %.2f GB/s, ratio to direct %.2f, CPU s/GB: itself %.2f, registry %.2f\n", n, r, r / d, c, g }'
done
