#!/usr/bin/env bash
# instructions_test.sh PROGRAM: instructions that not every processor has are only in functions that are called after
# asking for them. Sources compiled for such a processor instantiate templates and inline functions; the linker keeps
# one copy of each, and were it theirs, the program would end by SIGILL where it worked for years.
set -euo pipefail

found=$(objdump -d --no-show-raw-insn "$1" | c++filt | awk '
  /^[0-9a-f]+ <.*>:$/ {
    name = $0
    is_allowed = name ~ /DoublesAvx2|LanesAvx512|make_batch_sums_(fma|ifma)|Blake2bLanes<unsigned long __vector/ ||
      name ~ /gpu_f[qr]_multiply_adx|\[clone / # clones are private to their source
  }
  # VEX and EVEX prefixes make names that begin with v; the others of BMI2 and ADX are those that are used.
  !is_allowed && $2 ~ /^(v[a-z0-9]+|mulx|adcx|adox|rorx|shlx|shrx|sarx)$/ && $2 !~ /^ver[rw]$/ { found[name]++ }
  $2 ~ /^(vfmadd|vpaddq|mulx)/ { expected++ }
  END {
    for (name in found) print found[name], name
    if (expected < 100) print "few vector instructions at all: was the program disassembled?"
  }')
[ -z "$found" ] || {
  printf 'instructions of newer processors in code for all:\n%s\n' "$found" >&2
  exit 1
}
