// Montgomery products of BLS12-377 by mulx, adcx and adox. Operands and results are reduced; out may
// be a or b. Requires BMI2 and ADX.
//
//   void gpu_fq_multiply_adx(uint64_t out[6], const uint64_t a[6], const uint64_t b[6])
//   void gpu_fr_multiply_adx(uint64_t out[4], const uint64_t a[4], const uint64_t b[4])
//
// Each limb of b gives two rows. Its products with a are added to t0, t1, ... and a top limb; then
// the multiple of the modulus that clears t0 is added and t moves down by one limb. In both rows the
// low halves go down one carry chain (adox) and the high halves down the other (adcx), so neither
// waits for the other. The moduli's top limbs have seven and three free bits, so the top limb never
// overflows and no further one is kept from row to row (the "no-carry" condition that gnark-crypto's
// documentation states). Of Fr's b any value will do: then t stays below 2 r too.
//
// rdi out, rsi a, rbx b; t0, t1, ... from r8 on, the top limb in r14, rdx is mulx's multiplier.
#if defined(__x86_64__)

  // \t += the high half before + the low half of rdx * a[i]; the high half stays in rax.
  .macro a_step i, t
  adcxq %rax, \t
  mulxq 8*\i(%rsi), %rcx, %rax
  adoxq %rcx, \t
  .endm

  // r14 = the carries and the last high half.
  .macro a_end
  movl $0, %r14d
  adcxq %rax, %r14
  movl $0, %ecx
  adoxq %rcx, %r14
  .endm

  .macro fq_a_row limb
  movq 8*\limb(%rbx), %rdx
  xorl %eax, %eax  // clears both carries
  a_step 0, %r8
  a_step 1, %r9
  a_step 2, %r10
  a_step 3, %r11
  a_step 4, %r12
  a_step 5, %r13
  a_end
  .endm

  .macro fr_a_row limb
  movq 8*\limb(%rbx), %rdx
  xorl %eax, %eax
  a_step 0, %r8
  a_step 1, %r9
  a_step 2, %r10
  a_step 3, %r11
  a_end
  .endm

  // r8 = the high half of the multiple's lowest limb; the low one, with t0, is zero but its carry.
  .macro modulus_begin modulus, inverse
  movabsq $\inverse, %rdx
  imulq %r8, %rdx
  xorl %eax, %eax
  mulxq \modulus(%rip), %rax, %rcx
  adcxq %r8, %rax
  movq %rcx, %r8
  .endm

  // \to = \from + high half before + low half of rdx * modulus[i]; the high half stays in \from.
  .macro modulus_step modulus, i, to, from
  adcxq \from, \to
  mulxq \modulus+8*\i(%rip), %rcx, \from
  adoxq %rcx, \to
  .endm

  .macro modulus_end last
  movl $0, %eax
  adcxq %rax, \last
  adoxq %r14, \last
  .endm

  .macro q_row
  modulus_begin .Lq, 0x8508bfffffffffff
  modulus_step .Lq, 1, %r8, %r9
  modulus_step .Lq, 2, %r9, %r10
  modulus_step .Lq, 3, %r10, %r11
  modulus_step .Lq, 4, %r11, %r12
  modulus_step .Lq, 5, %r12, %r13
  modulus_end %r13
  .endm

  .macro r_row
  modulus_begin .Lr, 0x0a117fffffffffff
  modulus_step .Lr, 1, %r8, %r9
  modulus_step .Lr, 2, %r9, %r10
  modulus_step .Lr, 3, %r10, %r11
  modulus_end %r11
  .endm

  // The first row has nothing to add to: r8 to r11, and \next, which is new.
  .macro first_row next
  movq (%rbx), %rdx
  xorl %eax, %eax
  mulxq (%rsi), %r8, %r9
  mulxq 8(%rsi), %rax, %r10
  adoxq %rax, %r9
  mulxq 16(%rsi), %rax, %r11
  adoxq %rax, %r10
  mulxq 24(%rsi), %rax, \next
  adoxq %rax, %r11
  .endm

  .macro first_end
  movl $0, %eax
  adoxq %rax, %r14
  .endm

  // rax, rcx, rdx, rsi = the four lowest limbs less those of the modulus; the borrow is in the carry.
  .macro subtract_four modulus
  movq %r8, %rax
  movq %r9, %rcx
  movq %r10, %rdx
  movq %r11, %rsi
  subq \modulus(%rip), %rax
  sbbq \modulus+8(%rip), %rcx
  sbbq \modulus+16(%rip), %rdx
  sbbq \modulus+24(%rip), %rsi
  .endm

  // out's four lowest limbs: the difference unless it borrowed.
  .macro put_four
  cmovcq %r8, %rax
  cmovcq %r9, %rcx
  cmovcq %r10, %rdx
  cmovcq %r11, %rsi
  movq %rax, (%rdi)
  movq %rcx, 8(%rdi)
  movq %rdx, 16(%rdi)
  movq %rsi, 24(%rdi)
  .endm

  .macro save register
  pushq \register
  .cfi_adjust_cfa_offset 8
  .cfi_rel_offset \register, 0
  .endm

  .macro restore register
  popq \register
  .cfi_adjust_cfa_offset -8
  .cfi_restore \register
  .endm

  .macro begin_function name
  .globl \name
  .type \name, @function
  .p2align 5
\name:
  .cfi_startproc
  .endm

  .macro end_function name
  ret
  .cfi_endproc
  .size \name, .-\name
  .endm

  .text
  begin_function gpu_fq_multiply_adx
  save %rbx
  save %r12
  save %r13
  save %r14
  movq %rdx, %rbx

  first_row %r12
  mulxq 32(%rsi), %rax, %r13
  adoxq %rax, %r12
  mulxq 40(%rsi), %rax, %r14
  adoxq %rax, %r13
  first_end
  q_row
  fq_a_row 1
  q_row
  fq_a_row 2
  q_row
  fq_a_row 3
  q_row
  fq_a_row 4
  q_row
  fq_a_row 5
  q_row

  movq %r12, %rbx
  movq %r13, %r14
  subtract_four .Lq
  sbbq .Lq+32(%rip), %rbx
  sbbq .Lq+40(%rip), %r14
  cmovcq %r12, %rbx
  cmovcq %r13, %r14
  movq %rbx, 32(%rdi)
  movq %r14, 40(%rdi)
  put_four

  restore %r14
  restore %r13
  restore %r12
  restore %rbx
  end_function gpu_fq_multiply_adx

  begin_function gpu_fr_multiply_adx
  save %rbx
  save %r14
  movq %rdx, %rbx

  first_row %r14
  first_end
  r_row
  fr_a_row 1
  r_row
  fr_a_row 2
  r_row
  fr_a_row 3
  r_row

  subtract_four .Lr
  put_four

  restore %r14
  restore %rbx
  end_function gpu_fr_multiply_adx

  .section .rodata
  .p2align 6
.Lq:
  .quad 0x8508c00000000001, 0x170b5d4430000000, 0x1ef3622fba094800
  .quad 0x1a22d9f300f5138f, 0xc63b05c06ca1493b, 0x01ae3a4617c510ea
  .p2align 6
.Lr:
  .quad 0x0a11800000000001, 0x59aa76fed0000001, 0x60b44d1e5c37b001, 0x12ab655e9a2ca556
#endif

  .section .note.GNU-stack, "", @progbits
