# Sourced after lab.sh: makes and removes hosts.

# The directory must lie on a filesystem that can be an overlay's upper side. Where the machine's own root
# is an overlay (a container) it cannot; memory then takes its place.
prepare_lab_dir() {
  mkdir -p "$lab_dir/hosts"
  mountpoint -q "$lab_dir" && return 0
  local probe=$lab_dir/probe works=yes
  mkdir -p "$probe"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=/,upperdir=$probe/upper,workdir=$probe/work" "$probe/root" 2>/dev/null &&
    umount "$probe/root" || works=no
  rm -rf "$probe"
  if [ "$works" = no ]; then
    say "  $lab_dir cannot carry an overlay; using memory"
    mount -t tmpfs -o size=80%,mode=755 tmpfs "$lab_dir"
    mkdir -p "$lab_dir/hosts"
  fi
}

write_identity() { # HOST ROOT: what makes it another machine than the one it is made from
  local host=$1 root=$2
  echo "$host" >"$root/etc/hostname"
  rm -f "$root/etc/resolv.conf" "$root/etc/machine-id"
  : >"$root/etc/resolv.conf" # there is no name server: names are in /etc/hosts
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  cat >"$root/etc/hosts" <<HOSTS
127.0.0.1 localhost
127.0.1.1 $host
::1 localhost ip6-localhost
$wan_prefix.${wan_last[origin]} ${origin_name%:*}
$wan_prefix.${wan_last[coordinator]} coordinator.lab
HOSTS
  # What the machine's own programs keep does not belong to the host.
  rm -rf "$root"/var/lib/{linkspan,containerd,docker-registry,redis} "$root"/etc/{linkspan,containerd,docker/registry}
  mkdir -p "$root"/var/lib/{containerd,docker-registry} "$root"/etc/{containerd,docker/registry} "$root/var/log/lab"
}

# A host under systemd runs nothing that the machine has enabled, and nothing that wants the machine's devices.
bare_systemd() { # ROOT
  local units=$1/etc/systemd/system unit
  rm -rf "$units"/*.wants
  : >"$1/etc/fstab"
  for unit in systemd-{udevd,udev-trigger,sysctl,modules-load,logind,timesyncd,networkd,resolved}.service \
    systemd-udevd-{control,kernel}.socket getty.target; do
    ln -sf /dev/null "$units/$unit"
  done
}

make_host() { # HOST [systemd]
  local host=$1 init=${2:-none} dir options
  dir=$(host_dir "$host")
  rm -rf "$dir"
  mkdir -p "$dir"/{upper,work,root}
  options=lowerdir=/,upperdir=$dir/upper,workdir=$dir/work
  # fsync costs time and protects what a lab host has from nothing; only the coordinator's promise is real.
  [ "$host" = coordinator ] || options+=,volatile
  mount -t overlay "lab-$host" -o "$options" "$dir/root"
  write_identity "$host" "$dir/root"
  [ "$init" = none ] || bare_systemd "$dir/root"
  nsenter --net="/run/netns/lab-$host" setsid unshare --mount --uts --ipc --pid --fork --propagation private \
    "$repo/scripts/lib/lab_init" "$dir" "$host" "$lab_dir" "$init" >"$dir/init.log" 2>&1 </dev/null &
  await 20 "$host: its first process is ready: $(tail -n 3 "$dir/init.log" 2>/dev/null)" host_pid "$host"
}

# containerd with the snapshotter that works on an overlay, and CRI told where hosts.toml files are.
start_containerd() { # HOST
  in_host "$1" sh -c 'cat >/etc/containerd/config.toml' <<'TOML'
version = 2

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "native"

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "/etc/containerd/certs.d"
TOML
  daemon_in "$1" containerd containerd
  await 30 "containerd on $1 answers" in_host "$1" ctr version
}

# Debian's docker-registry on port 5000 of every address; its access log is its output.
start_registry() { # HOST
  in_host "$1" sh -c 'cat >/etc/docker/registry/lab.yml' <<'YAML'
version: 0.1
log: {level: info, accesslog: {disabled: false}}
storage:
  filesystem: {rootdirectory: /var/lib/docker-registry}
  delete: {enabled: true}
http: {addr: ":5000"}
YAML
  daemon_in "$1" registry docker-registry serve /etc/docker/registry/lab.yml
  await 30 "docker-registry on $1 answers" in_host "$1" curl -fsS http://127.0.0.1:5000/v2/
}

start_services() { # HOST: what its role brings, before anything of Linkspan
  case "$1" in
    *-m[0-9]) start_containerd "$1" ;;
    *-replica | origin) start_registry "$1" ;;
  esac
}

# Killing a host's first process ends all of its processes; then nothing holds its mounts.
remove_host() { # HOST
  local dir pid
  dir=$(host_dir "$1")
  if pid=$(host_pid "$1"); then
    kill -KILL "$pid"
    await 10 "$1 is gone" not test -e "/proc/$pid"
  fi
  if mountpoint -q "$dir/root"; then
    umount "$dir/root" || umount --lazy "$dir/root"
  fi
  rm -rf "$dir"
}
