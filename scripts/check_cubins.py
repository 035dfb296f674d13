#!/usr/bin/env python3
"""Counts what nvcc made of the CUDA engine's kernels and holds it to a budget. Needs no device and no toolkit.

    scripts/check_cubins.py LIBRARY [--only probe]

LIBRARY is liblinkspan-gpu.so, or a cubin. Reads the compiled code (cubins: ELF files of machine 190) that is in
it, uncompressed, one for each architecture. An instruction is 16 bytes and its low nine bits say what it does.

What is held:
  a product   its 276 wide products are fused into IMAD.WIDE, none is taken apart into IMAD and IMAD.HI, which
              happens as soon as the compiler sees that a row's factor is minus the lowest word
  the sums    seven such products an addition, no register spilled (no frame, no local loads or stores), and few
              enough registers for the blocks that the kernel is launched for
Exit status: 0 all hold, 1 one does not, 2 nothing to count.
"""
import collections
import struct
import sys

MACHINE = 190
WIDE, HIGH, LOAD_LOCAL, STORE_LOCAL = 0x25, 0x27, 0x183, 0x187
REGISTERS, FRAME = 0x2F, 0x11  # attributes of .nv.info
ARCHITECTURES = {80, 86, 89, 90, 100, 120}

Kernel = collections.namedtuple("Kernel", "architecture name counts registers frame")


def cubins(data):
    """Every ELF file of a GPU that begins in `data`."""
    at = data.find(b"\x7fELF\x02\x01")
    while at >= 0:
        if len(data) >= at + 64 and struct.unpack_from("<H", data, at + 18)[0] == MACHINE:
            yield data[at:]
        at = data.find(b"\x7fELF\x02\x01", at + 1)


def text_at(data, at):
    return data[at : data.index(b"\0", at)].decode()


def sections(elf):
    table, = struct.unpack_from("<Q", elf, 40)
    count, names_index = struct.unpack_from("<HH", elf, 60)
    rows = [struct.unpack_from("<IIQQQQIIQQ", elf, table + 64 * i) for i in range(count)]
    names = rows[names_index][4]
    return [(text_at(elf, names + row[0]), row[1], elf[row[4] : row[4] + row[5]] if row[1] != 8 else b"", row[6])
            for row in rows]


def attributes(info):
    """(function's symbol, attribute) -> value, of what .nv.info says about functions."""
    out = {}
    at = 0
    while at + 4 <= len(info):
        form, attribute, size = struct.unpack_from("<BBH", info, at)
        at += 4
        if form == 4:  # `size` bytes follow; otherwise the size is the value itself
            if size == 8:
                symbol, value = struct.unpack_from("<II", info, at)
                out[symbol, attribute] = value
            at += size
    return out


def architecture_of(elf):
    # The low byte on older formats of the file, the second one on newer ones (ABI version 8 on).
    flags, = struct.unpack_from("<I", elf, 48)
    low, second = flags & 0xFF, (flags >> 8) & 0xFF
    return second if low not in ARCHITECTURES and second in ARCHITECTURES else low


def kernels(elf):
    rows = sections(elf)
    strings = next(body for name, kind, body, _ in rows if name == ".strtab")
    symbols = next(body for name, kind, body, _ in rows if name == ".symtab")
    known = {}
    for name, _, body, _ in rows:
        if name == ".nv.info":
            known = attributes(body)
    by_name = {text_at(strings, struct.unpack_from("<I", symbols, at)[0]): at // 24
               for at in range(0, len(symbols), 24)}
    for name, _, body, _ in rows:
        if not name.startswith(".text."):
            continue
        function = name[len(".text.") :]
        counts = collections.Counter(struct.unpack_from("<Q", body, at)[0] & 0x1FF
                                     for at in range(0, len(body) - 15, 16))
        symbol = by_name.get(function)
        yield Kernel(architecture_of(elf), function, counts, known.get((symbol, REGISTERS)),
                     known.get((symbol, FRAME)))


def broken(kernel):
    """What the kernel breaks of its budget, one text each."""
    wide, high = kernel.counts[WIDE], kernel.counts[HIGH]
    local = kernel.counts[LOAD_LOCAL] + kernel.counts[STORE_LOCAL]
    if "probe_product" in kernel.name:
        if not 270 <= wide <= 290:
            yield f"{wide} IMAD.WIDE, expected 270 to 290: products are taken apart"
        if high > 16:
            yield f"{high} IMAD.HI, expected at most 16: products are taken apart"
    if "accumulate_kernel" in kernel.name:
        registers = 128 if kernel.architecture in (90, 100) else 168  # kSumBlocks of kernels.cu
        if not 7 * 270 <= wide <= 7 * 290:
            yield f"{wide} IMAD.WIDE, expected 1890 to 2030 for seven products"
        if high > 16:
            yield f"{high} IMAD.HI, expected at most 16"
        if kernel.registers is None or kernel.registers > registers:
            yield f"{kernel.registers} registers, expected at most {registers}"
        if kernel.frame != 0 or local != 0:
            yield f"a frame of {kernel.frame} bytes and {local} local accesses, expected no spills"


def main(arguments):
    only_probe = "--only" in arguments and arguments[arguments.index("--only") + 1] == "probe"
    with open(arguments[0], "rb") as file:
        data = file.read()
    wanted = ["probe_product"] + ([] if only_probe else ["accumulate_kernel"])
    seen = collections.defaultdict(set)
    bad = 0
    for elf in cubins(data):
        for kernel in kernels(elf):
            subject = next((name for name in wanted if name in kernel.name), None)
            if subject is None:
                continue
            seen[subject].add(kernel.architecture)
            print(f"sm_{kernel.architecture} {subject}: {kernel.counts[WIDE]} IMAD.WIDE, {kernel.counts[HIGH]} "
                  f"IMAD.HI, {kernel.counts[0x10]} IADD3, {kernel.registers} registers, frame {kernel.frame}")
            for text in broken(kernel):
                print(f"sm_{kernel.architecture} {subject}: BROKEN: {text}")
                bad += 1
    for subject in wanted:
        if not seen[subject]:
            print(f"check_cubins: {arguments[0]}: no code of {subject}")
            return 2
        if not only_probe and seen[subject] != ARCHITECTURES:
            print(f"{subject}: code for {sorted(seen[subject])}, expected {sorted(ARCHITECTURES)}")
            bad += 1
    print(f"check_cubins: {bad} budgets broken" if bad else "check_cubins: every budget holds")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
