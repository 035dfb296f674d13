// void gpu_fq_multiply_adx(uint64_t out[6], const uint64_t a[6], const uint64_t b[6])
//
// The Montgomery product a*b/2^384 mod q of BLS12-377. Each limb of b gives two rows: its products
// with a are added to t0..t5 and a top limb; then the multiple of q that clears t0 is added and t
// moves down by one limb. In both rows the low halves go down one carry chain (adox) and the high
// halves down the other (adcx), so neither waits for the other. q's top limb has seven free bits,
// so the top limb never overflows and no seventh one is kept from row to row (the "no-carry"
// condition that gnark-crypto's documentation states).
//
// rdi out, rsi a, rbx b; t0..t5 in r8..r13, the top limb in r14, rdx is mulx's multiplier.
#if defined(__x86_64__)

  // \t += the high half before + the low half of rdx * a[i]; the high half stays in rax.
  .macro a_step i, t
  adcxq %rax, \t
  mulxq 8*\i(%rsi), %rcx, %rax
  adoxq %rcx, \t
  .endm

  .macro a_row limb
  movq 8*\limb(%rbx), %rdx
  xorl %eax, %eax  // clears both carries
  a_step 0, %r8
  a_step 1, %r9
  a_step 2, %r10
  a_step 3, %r11
  a_step 4, %r12
  a_step 5, %r13
  movl $0, %r14d
  adcxq %rax, %r14
  movl $0, %ecx
  adoxq %rcx, %r14
  .endm

  // \to = \from + high half before + low half of rdx * q[i]; the high half stays in \from.
  .macro q_step i, to, from
  adcxq \from, \to
  mulxq .Lq+8*\i(%rip), %rcx, \from
  adoxq %rcx, \to
  .endm

  .macro q_row
  movabsq $0x8508bfffffffffff, %rdx
  imulq %r8, %rdx
  xorl %eax, %eax
  mulxq .Lq(%rip), %rax, %rcx
  adcxq %r8, %rax  // zero; its carry counts
  movq %rcx, %r8
  q_step 1, %r8, %r9
  q_step 2, %r9, %r10
  q_step 3, %r10, %r11
  q_step 4, %r11, %r12
  q_step 5, %r12, %r13
  movl $0, %eax
  adcxq %rax, %r13
  adoxq %r14, %r13
  .endm

  .text
  .globl gpu_fq_multiply_adx
  .type gpu_fq_multiply_adx, @function
  .p2align 5
gpu_fq_multiply_adx:
  .cfi_startproc
  pushq %rbx
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %rbx, 0
  pushq %r12
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r12, 0
  pushq %r13
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r13, 0
  pushq %r14
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset %r14, 0
  movq %rdx, %rbx

  // The first row has nothing to add to.
  movq (%rbx), %rdx
  xorl %eax, %eax
  mulxq (%rsi), %r8, %r9
  mulxq 8(%rsi), %rax, %r10
  adoxq %rax, %r9
  mulxq 16(%rsi), %rax, %r11
  adoxq %rax, %r10
  mulxq 24(%rsi), %rax, %r12
  adoxq %rax, %r11
  mulxq 32(%rsi), %rax, %r13
  adoxq %rax, %r12
  mulxq 40(%rsi), %rax, %r14
  adoxq %rax, %r13
  movl $0, %eax
  adoxq %rax, %r14
  q_row
  a_row 1
  q_row
  a_row 2
  q_row
  a_row 3
  q_row
  a_row 4
  q_row
  a_row 5
  q_row

  // out = t - q unless that borrows.
  movq %r8, %rax
  movq %r9, %rcx
  movq %r10, %rdx
  movq %r11, %rsi
  movq %r12, %rbx
  movq %r13, %r14
  subq .Lq(%rip), %rax
  sbbq .Lq+8(%rip), %rcx
  sbbq .Lq+16(%rip), %rdx
  sbbq .Lq+24(%rip), %rsi
  sbbq .Lq+32(%rip), %rbx
  sbbq .Lq+40(%rip), %r14
  cmovcq %r8, %rax
  cmovcq %r9, %rcx
  cmovcq %r10, %rdx
  cmovcq %r11, %rsi
  cmovcq %r12, %rbx
  cmovcq %r13, %r14
  movq %rax, (%rdi)
  movq %rcx, 8(%rdi)
  movq %rdx, 16(%rdi)
  movq %rsi, 24(%rdi)
  movq %rbx, 32(%rdi)
  movq %r14, 40(%rdi)

  popq %r14
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r14
  popq %r13
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r13
  popq %r12
  .cfi_adjust_cfa_offset -8
  .cfi_restore %r12
  popq %rbx
  .cfi_adjust_cfa_offset -8
  .cfi_restore %rbx
  ret
  .cfi_endproc
  .size gpu_fq_multiply_adx, .-gpu_fq_multiply_adx

  .section .rodata
  .p2align 6
.Lq:
  .quad 0x8508c00000000001, 0x170b5d4430000000, 0x1ef3622fba094800
  .quad 0x1a22d9f300f5138f, 0xc63b05c06ca1493b, 0x01ae3a4617c510ea
#endif

  .section .note.GNU-stack, "", @progbits
