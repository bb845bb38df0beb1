/* From the reset of the processor to the program: real mode, protected mode, long mode with the first GB of memory
 * where it is, and every vector register that the processor has. .rom becomes the firmware, all else is loaded at
 * 0x10000. */
        .section .rom, "ax"
        .code16
        .org 0xff00
enter:
        cli
        lgdtl   %cs:(table_of_segments - rom)
        movl    %cr0, %eax
        orb     $1, %al
        movl    %eax, %cr0
        ljmpl   $0x08, $protected
table_of_segments:
        .word   31
        .long   segments
        .org 0xfff0
        jmp     enter
        .org 0x10000
        .equ    rom, enter - 0xff00

        .section .text.start, "ax"
        .code32
protected:
        movw    $0x18, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movl    $0x2003, 0x1000         /* tables of pages of 2 MB */
        movl    $0x3003, 0x2000
        movl    $0x83, %eax
        movl    $0x3000, %edi
1:      movl    %eax, (%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        cmpl    $0x4000, %edi
        jne     1b
        movl    $0x1000, %eax
        movl    %eax, %cr3
        movl    $0x40620, %eax          /* PAE, OSFXSR, OSXMMEXCPT, OSXSAVE */
        movl    %eax, %cr4
        movl    $0xc0000080, %ecx       /* EFER: long mode, SYSCALL */
        movl    $0x101, %eax
        xorl    %edx, %edx
        wrmsr
        movl    $0x80000023, %eax
        movl    %eax, %cr0
        ljmpl   $0x10, $long_mode

        .code64
long_mode:
        movl    $stack_end, %esp
        movl    $trap_stubs, %edi
        call    prepare
        fninit
        movl    $0xd, %eax
        xorl    %ecx, %ecx
        cpuid
        andl    $0xe7, %eax             /* of what it can save: x87, SSE, AVX, AVX-512 */
        xorl    %ecx, %ecx
        xorl    %edx, %edx
        xsetbv
        call    load_program            /* gives the address to start at, and its stack */
        movq    %rdx, %rsp
        xorl    %edx, %edx
        jmp     *%rax

/* SYSCALL does not change the stack, below which the caller may keep what it wants. */
        .globl  system_call
system_call:
        movq    %rsp, callers_stack
        movl    $stack_end, %esp
        pushq   %r11
        pushq   %rcx
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %r8
        pushq   %r9
        pushq   %r10
        movq    %rax, %rcx
        call    serve
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rdx
        popq    %rsi
        popq    %rdi
        popq    %rcx
        popfq
        movq    callers_stack, %rsp
        jmp     *%rcx

/* Exceptions, 16 bytes of code for each: none is survived. */
        .balign 16
trap_stubs:
        .set    number, 0
        .rept   32
        .balign 16
        movl    $number, %edi
        jmp     trap
        .set    number, number + 1
        .endr
trap:
        movq    %rsp, %rsi
        movl    $stack_end, %esp
        call    trapped

        .balign 8
segments:
        .quad   0, 0x00cf9a000000ffff, 0x00af9a000000ffff, 0x00cf92000000ffff
callers_stack:
        .quad   0

        .bss
        .balign 64
        .skip   0x4000
stack_end:

        .section .note.GNU-stack, "", @progbits
