#!/usr/bin/env bash
# The proxy sending one cached blob against nginx sending the same file, in one run, alternating, so
# that what else the machine does hits both. Prints medians; the ratio is the result.
#
#   tests/bench/proxy_vs_nginx.sh [BUILD_DIR] [ROUNDS] [MEGABYTES]
#
# Needs nginx. Uses loopback ports 18080 and 18081 and a directory under /tmp. DESIGN's budgets: ratio
# >= 0.9; first byte p99 <= 2 ms.
set -euo pipefail
build=${1:-build/release}
rounds=${2:-9}
megabytes=${3:-1024}
dir=$(mktemp -d /tmp/linkspan_bench_XXXXXX)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$dir"
}
trap finish EXIT

head -c "${megabytes}M" /dev/urandom > "$dir/blob"
hex=$(sha256sum "$dir/blob" | cut -d' ' -f1)
mkdir -p "$dir/cache/blobs/sha256/${hex:0:2}" "$dir/www"
cp "$dir/blob" "$dir/cache/blobs/sha256/${hex:0:2}/$hex"
mv "$dir/blob" "$dir/www/blob"
chmod 755 "$dir" "$dir/www" && chmod 644 "$dir/www/blob"

cat > "$dir/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $dir/nginx.pid; error_log $dir/nginx.log;
events { worker_connections 1024; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3;
  uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  server { listen 127.0.0.1:18080; root $dir/www; } }
CONF
nginx -c "$dir/nginx.conf" -e "$dir/nginx.log" & pids+=($!)
cat > "$dir/map.json" <<'JSON'
{"format":1,"network":"b","site":"b","node":"b","replicas":[{"id":1,"site":"b","url":"http://127.0.0.1:9","sources":["docker.io"]}]}
JSON
"$build/mirror/linkspan-mirror" --listen 127.0.0.1:18081 --site-map "$dir/map.json" \
  --cache-dir "$dir/cache" 2> "$dir/mirror.log" & pids+=($!)
drain="$build/tests/bench/http_drain"
target="/v2/bench/blobs/sha256:$hex"
for _ in $(seq 50); do  # until both listen and the site map has been read
  "$drain" 18080 /blob first 1 >/dev/null 2>&1 && "$drain" 18081 "$target" first 1 >/dev/null 2>&1 && break
  sleep 0.1
done

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
for _ in $(seq "$rounds"); do
  "$drain" 18080 /blob bytes >> "$dir/nginx.rates"
  "$drain" 18081 "$target" bytes >> "$dir/proxy.rates"
done
nginx_rate=$(median < "$dir/nginx.rates")
proxy_rate=$(median < "$dir/proxy.rates")
read -r nginx_p50 nginx_p99 < <("$drain" 18080 /blob first 5000)
read -r proxy_p50 proxy_p99 < <("$drain" 18081 "$target" first 5000)
awk -v n="$nginx_rate" -v p="$proxy_rate" 'BEGIN {
  printf "nginx %.2f GB/s, proxy %.2f GB/s, ratio %.2f\n", n / 1e9, p / 1e9, p / n }'
echo "first byte, us: nginx p50 $nginx_p50 p99 $nginx_p99, proxy p50 $proxy_p50 p99 $proxy_p99"
