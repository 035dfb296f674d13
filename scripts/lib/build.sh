# Sourced after common.sh: builds, with their output in build/logs.

jobs=$(nproc)
logs=$repo/build/logs

build() { # PRESET [TARGETS...]
  local preset=$1
  shift
  quietly "$logs/$preset-configure.log" cmake --preset "$preset"
  quietly "$logs/$preset-build.log" ninja -C "$repo/build/$preset" -j"$jobs" "$@"
}

packages=$repo/build/release/packages

# Debian packages of the programs in $packages, and the lab's own relay beside them. Quick when nothing
# changed: ninja finds nothing to do, and packages newer than the programs are kept.
build_packages() {
  local programs=(linkspan linkspan-agent linkspan-coordinator linkspan-mirror)
  build release "${programs[@]}" wan_relay enrol_burst
  local newest
  newest=$(find "$repo/build/release" -maxdepth 3 -name 'linkspan*' -type f -perm -1 -newer \
    "$packages/.made" 2>/dev/null || echo all)
  [ -n "$newest" ] || return 0
  rm -rf "$packages"
  mkdir -p "$packages"
  (cd "$repo/build/release" && quietly "$logs/cpack.log" cpack -G DEB -B "$packages")
  rm -rf "$packages/_CPack_Packages"
  touch "$packages/.made"
}
