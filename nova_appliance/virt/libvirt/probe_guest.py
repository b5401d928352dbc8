# SPDX-License-Identifier: Apache-2.0
"""A guest of one disk sector that needs what every kernel needs, then tells QEMU so and ends.

Paging in long mode, timer interrupts, address space changes, vectors, user mode, system calls.
"""

from __future__ import annotations

EXIT_PORT = 0xF4
EXIT_CODE = (0x2A << 1) | 1
"""What QEMU's isa-debug-exit device makes of the byte that the guest writes."""

SECTOR_BYTES = 512
_TABLES_AT = 0x128

CODE = (
    # machine code, what it says; it is loaded at 0x7c00
    # real mode: flat segments, a stack
    ("fa", "cli"),
    ("31c0", "xor ax,ax"),
    ("8ed8", "mov ds,ax"),
    ("8ec0", "mov es,ax"),
    ("8ed0", "mov ss,ax"),
    ("bc007c", "mov sp,0x7c00"),
    # page tables at 0x1000: one directory of 2 MiB pages, open to user mode
    ("bf0010", "mov di,0x1000"),
    ("b90018", "mov cx,0x1800"),
    ("fc", "cld"),
    ("f3ab", "rep stos WORD PTR es:[di],ax"),
    ("c70600100720", "mov WORD PTR ds:0x1000,0x2007"),
    ("c70600200730", "mov WORD PTR ds:0x2000,0x3007"),
    ("c70600308700", "mov WORD PTR ds:0x3000,0x87"),
    # CR4: PAE, PGE, SSE; EFER: system calls, long mode, no-execute; CR0: paging on
    ("66b8a0060000", "mov eax,0x6a0"),
    ("0f22e0", "mov cr4,eax"),
    ("66b800100000", "mov eax,0x1000"),
    ("0f22d8", "mov cr3,eax"),
    ("66b9800000c0", "mov ecx,0xc0000080"),
    ("66b801090000", "mov eax,0x901"),
    ("6631d2", "xor edx,edx"),
    ("0f30", "wrmsr"),
    ("0f0116507d", "lgdtw ds:0x7d50"),
    ("66b833000180", "mov eax,0x80010033"),
    ("0f22c0", "mov cr0,eax"),
    ("ea5d7c0800", "jmp 0x8:0x7c5d"),
    # long mode: interrupt gate 0x20 for the timer
    ("66b81000", "mov ax,0x10"),
    ("8ed8", "mov ds,ax"),
    ("8ec0", "mov es,ax"),
    ("8ed0", "mov ss,ax"),
    ("48c7c4007c0000", "mov rsp,0x7c00"),
    ("48c7c700400000", "mov rdi,0x4000"),
    ("b900020000", "mov ecx,0x200"),
    ("31c0", "xor eax,eax"),
    ("f3ab", "rep stos DWORD PTR es:[rdi],eax"),
    ("66c7042500420000177d", "mov WORD PTR ds:0x4200,0x7d17"),
    ("c70425024200000800008e", "mov DWORD PTR ds:0x4202,0x8e000008"),
    ("0f011c25567d0000", "lidt ds:0x7d56"),
    # interrupt controller at 0x20, only the timer open; timer at about 1 kHz
    ("b011", "mov al,0x11"),
    ("e620", "out 0x20,al"),
    ("b020", "mov al,0x20"),
    ("e621", "out 0x21,al"),
    ("b004", "mov al,0x4"),
    ("e621", "out 0x21,al"),
    ("b001", "mov al,0x1"),
    ("e621", "out 0x21,al"),
    ("b0fe", "mov al,0xfe"),
    ("e621", "out 0x21,al"),
    ("b0ff", "mov al,0xff"),
    ("e6a1", "out 0xa1,al"),
    ("b034", "mov al,0x34"),
    ("e643", "out 0x43,al"),
    ("b089", "mov al,0x89"),
    ("e640", "out 0x40,al"),
    ("b004", "mov al,0x4"),
    ("e640", "out 0x40,al"),
    # sleep until ten ticks have come
    ("31db", "xor ebx,ebx"),
    ("fb", "sti"),
    ("f4", "hlt"),
    ("fa", "cli"),
    ("83fb0a", "cmp ebx,0xa"),
    ("72f8", "jb 0x7cc1"),
    # 20,000 times: new address space, and a vector instruction
    ("b9204e0000", "mov ecx,0x4e20"),
    ("0f20d8", "mov rax,cr3"),
    ("0f22d8", "mov cr3,rax"),
    ("660f6ec1", "movd xmm0,ecx"),
    ("660ffec0", "paddd xmm0,xmm0"),
    # enter user mode, come back by a system call
    ("e2f0", "loop 0x7cce"),
    ("b9810000c0", "mov ecx,0xc0000081"),
    ("31c0", "xor eax,eax"),
    ("ba08001300", "mov edx,0x130008"),
    ("0f30", "wrmsr"),
    ("ffc1", "inc ecx"),
    ("b8107d0000", "mov eax,0x7d10"),
    ("31d2", "xor edx,edx"),
    ("0f30", "wrmsr"),
    ("b9840000c0", "mov ecx,0xc0000084"),
    ("31c0", "xor eax,eax"),
    ("0f30", "wrmsr"),
    ("b90e7d0000", "mov ecx,0x7d0e"),
    ("41bb02000000", "mov r11d,0x2"),
    ("480f07", "sysretq"),
    # in user mode
    ("0f05", "syscall"),
    # in the kernel again: tell the debug port that all went well
    ("b02a", "mov al,0x2a"),
    ("e6f4", "out 0xf4,al"),
    ("f4", "hlt"),
    ("ebfd", "jmp 0x7d14"),
    # the timer's tick
    ("ffc3", "inc ebx"),
    ("50", "push rax"),
    ("b020", "mov al,0x20"),
    ("e620", "out 0x20,al"),
    ("58", "pop rax"),
    ("48cf", "iretq"),
)

TABLES = (
    # where it is read from, what it holds
    ("0000000000000000", "0x7d28: descriptors: none"),
    ("00000000009a2000", "kernel code, 64 bits"),
    ("0000000000920000", "kernel data"),
    ("0000000000f20000", "user data"),
    ("0000000000fa2000", "user code, 64 bits"),
    ("2700287d0000", "0x7d50: length and place of the descriptors"),
    ("0f020040000000000000", "0x7d56: length and place of the interrupt gates"),
)


def boot_sector() -> bytes:
    """Put the guest together: code, tables, and the signature that the firmware looks for."""
    code = bytes.fromhex("".join(row[0] for row in CODE)).ljust(_TABLES_AT, b"\0")
    tables = bytes.fromhex("".join(row[0] for row in TABLES))
    return (code + tables).ljust(SECTOR_BYTES - 2, b"\0") + b"\x55\xaa"
