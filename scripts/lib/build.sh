# Sourced after common.sh: builds, with their output in build/logs.

jobs=$(nproc)
logs=$repo/build/logs

build() { # PRESET [TARGETS...]
  local preset=$1
  shift
  quietly "$logs/$preset-configure.log" cmake --preset "$preset"
  quietly "$logs/$preset-build.log" ninja -C "$repo/build/$preset" -j"$jobs" "$@"
}

# The build whose programs the lab runs: release unless told otherwise, as ctest does for its own build.
lab_build=${LINKSPAN_BUILD:-$repo/build/release}
packages=$lab_build/packages

# Debian packages of the programs in $packages, and the lab's own programs beside them. Quick when nothing
# changed: ninja finds nothing to do, and packages newer than the programs are kept.
build_packages() {
  local programs=(linkspan linkspan-agent linkspan-coordinator linkspan-mirror) newest
  build "$(basename "$lab_build")" "${programs[@]}" linkspan-prover wan_relay enrol_burst linkspan-join-load
  newest=$(find "$lab_build"/{overlay,coordinator,mirror,prover} -maxdepth 3 -name 'linkspan*' -type f -perm -1 \
    -newer "$packages/.made" 2>/dev/null || echo all)
  [ -n "$newest" ] || return 0
  rm -rf "$packages"
  mkdir -p "$packages"
  (cd "$lab_build" && quietly "$logs/cpack.log" cpack -G DEB -B "$packages")
  rm -rf "$packages/_CPack_Packages"
  touch "$packages/.made"
}
