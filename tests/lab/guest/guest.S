/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The demo guest: the smallest machine that shows that a room's disk works.
 *
 * It runs on the BIOS alone, in real mode: reads its room's banner from the disk (so it shows
 * bytes that exist only in that room's sub-master), draws it, prints it on the first serial
 * line, says what day its clock shows, counts its starts in a sector (so a write that survives a restart is seen), then runs
 * the letters of the script sector and of the keyboard as commands:
 *
 *     r   read the pattern area once and check it: "read N sectors done", and "BAD sector N"
 *         for each that is not what it should be
 *     l   the same for ever, a line a pass
 *     w   write a sector behind the pattern and read it back
 *     t   wait for about a second
 *     b   boot again (the chipset's reset register)
 *     p   power off (ACPI, as SeaBIOS sets it up on QEMU's i440FX and Q35)
 *
 * Any BIOS error is printed as "I/O ERROR": no test may ever see that.
 *
 * Disk, in sectors of 512 bytes (mkdisk.c writes it):
 *     0        this file's first sector, the boot sector
 *     1-15     the rest of it
 *     16       banner: NUL-terminated text, at most 60 characters
 *     17       start counter: "PUPC", then 32 bits little-endian
 *     18       script: NUL-terminated letters, run after the start
 *     19       pattern: "PUPP", then the first sector and the number of sectors, 32 bits each
 *     pattern  each sector begins with "PUPS" and its own number, 32 bits
 */
        .code16
        .section .text
        .globl  _start

        .equ    STAGE2_SECTORS, 15
        .equ    BANNER_LBA, 16
        .equ    COUNTER_LBA, 17
        .equ    SCRIPT_LBA, 18
        .equ    PATTERN_LBA, 19
        .equ    BATCH, 64               /* sectors a BIOS call reads: 32 KiB */
        .equ    BUFFER_SEGMENT, 0x2000
        .equ    TEXT_ROW, 16            /* the running text's rows */
        .equ    LAST_ROW, 24
        .equ    COM1, 0x3f8
        .equ    RST_CNT, 0xcf9          /* full reset: 6 */
        .equ    PM1A_CNT, 0x604         /* SeaBIOS puts the ACPI PM block at 0x600 */

_start: ljmp    $0, $main0
main0:  xorw    %ax, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        movw    $0x7c00, %sp
        cld
        movb    %dl, boot_drive
        movw    $STAGE2_SECTORS, packet_count
        movw    $0x7e00, packet_offset
        movw    $0, packet_segment
        movl    $1, packet_lba
        movb    $0x42, %ah
        movw    $packet, %si
        int     $0x13
        jc      boot_failed
        jmp     main
boot_failed:
        movw    $0x0e21, %ax            /* '!' on the screen: nothing else is loaded yet */
        int     $0x10
        hlt
        jmp     boot_failed

boot_drive:     .byte 0
        .balign 4
packet:         .byte 16, 0             /* INT 13h extensions' disk address packet */
packet_count:   .word 0
packet_offset:  .word 0
packet_segment: .word 0
packet_lba:     .long 0, 0

        .org    446
        .fill   64, 1, 0                /* an empty partition table */
        .word   0xaa55

/* ---- what follows is loaded behind the boot sector, at 0x7e00 ---- */

main:   call    serial_init
        call    draw_frame
        movw    $s_hello, %si
        call    print
        call    show_clock
        call    count_start
        call    show_banner
        movw    $s_ready, %si
        call    print
        call    run_script
keys:   xorb    %ah, %ah
        int     $0x16
        pushw   %ax
        movw    $s_key, %si
        call    print
        popw    %ax
        pushw   %ax
        call    print_char
        call    newline
        popw    %ax
        call    command
        jmp     keys

/* AL: a command letter; unknown ones do nothing. */
command:
        cmpb    $'r', %al
        je      read_pattern
        cmpb    $'l', %al
        je      read_for_ever
        cmpb    $'w', %al
        je      write_test
        cmpb    $'t', %al
        je      wait_second
        cmpb    $'b', %al
        je      boot_again
        cmpb    $'p', %al
        je      power_off
        ret

run_script:
        movl    $SCRIPT_LBA, %eax
        call    read_sector
        movw    $sector, %si
1:      lodsb
        testb   %al, %al
        jz      2f
        pushw   %si
        /* the command may load other sectors over ours */
        pushl   sector
        pushl   sector + 4
        call    command
        popl    sector + 4
        popl    sector
        popw    %si
        jmp     1b
2:      ret

/* The date of the machine's clock: "clock 20261129". */
show_clock:
        movw    $s_clock, %si
        call    print
        movb    $4, %ah
        int     $0x1a
        movb    %ch, %al
        call    print_bcd
        movb    %cl, %al
        call    print_bcd
        movb    %dh, %al
        call    print_bcd
        movb    %dl, %al
        call    print_bcd
        jmp     newline

/* AL: two digits. */
print_bcd:
        pushw   %ax
        shrb    $4, %al
        addb    $'0', %al
        call    print_char
        popw    %ax
        andb    $15, %al
        addb    $'0', %al
        jmp     print_char

count_start:
        movl    $COUNTER_LBA, %eax
        call    read_sector
        incl    sector + 4
        pushl   sector + 4
        movl    $COUNTER_LBA, %eax
        call    write_sector
        movw    $s_start, %si
        call    print
        popl    %eax
        call    print_number
        jmp     newline

show_banner:
        movl    $BANNER_LBA, %eax
        call    read_sector
        movw    $s_banner, %si
        call    print
        movw    $sector, %si
        call    print
        call    newline
        movw    $sector, %si
        movw    $0x0a08, %dx            /* row 10, column 8 */
        movb    $0x1e, %bl              /* yellow on blue */
        jmp     draw_text

/* Read the pattern area once. */
read_pattern:
        movl    $PATTERN_LBA, %eax
        call    read_sector
        movl    sector + 4, %ebx        /* next sector */
        movl    sector + 8, %ecx        /* sectors left */
        movl    %ecx, total
1:      testl   %ecx, %ecx
        jz      3f
        movl    $BATCH, %edx
        cmpl    %edx, %ecx
        jae     2f
        movl    %ecx, %edx
2:      call    read_batch
        addl    %edx, %ebx
        subl    %edx, %ecx
        jmp     1b
3:      movw    $s_read, %si
        call    print
        movl    total, %eax
        call    print_number
        movw    $s_read_ok, %si
        jmp     print

read_for_ever:
        call    read_pattern
        movb    $1, %ah                 /* a key ends it */
        int     $0x16
        jz      read_for_ever
        ret

/* Read and check EDX sectors at EBX. */
read_batch:
        pushal
        movw    %dx, packet_count
        movw    $0, packet_offset
        movw    $BUFFER_SEGMENT, packet_segment
        movl    %ebx, packet_lba
        pushw   %dx
        movb    $0x42, %ah
        call    disk
        popw    %dx
        movw    $BUFFER_SEGMENT, %ax
        movw    %ax, %es
        xorw    %di, %di
1:      cmpl    $0x53505550, %es:(%di)  /* "PUPS" */
        jne     bad
        cmpl    %ebx, %es:4(%di)
        jne     bad
        incl    %ebx
        addw    $512, %di
        decw    %dx
        jnz     1b
        jmp     2f
bad:    movw    $s_bad, %si
        call    print
        movl    %ebx, %eax
        call    print_number
        call    newline
2:      xorw    %ax, %ax
        movw    %ax, %es
        popal
        ret

/* Write the sector behind the pattern's last one, read it back. */
write_test:
        movl    $PATTERN_LBA, %eax
        call    read_sector
        movl    sector + 4, %ebx
        addl    sector + 8, %ebx
        movl    $0x57505550, sector     /* "PUPW" */
        movl    %ebx, %eax
        call    write_sector
        movl    $0, sector
        movl    %ebx, %eax
        call    read_sector
        movw    $s_write_bad, %si
        cmpl    $0x57505550, sector
        jne     1f
        movw    $s_write_ok, %si
1:      jmp     print

wait_second:
        xorw    %ax, %ax
        int     $0x1a
        movw    %dx, %bx
1:      hlt
        xorw    %ax, %ax
        int     $0x1a
        subw    %bx, %dx
        cmpw    $18, %dx
        jb      1b
        ret

boot_again:
        movw    $s_again, %si
        call    print
        movw    $RST_CNT, %dx
        movb    $6, %al
        outb    %al, %dx
        movw    $s_still_on, %si
        jmp     print

power_off:
        movw    $s_off, %si
        call    print
        movw    $PM1A_CNT, %dx
        movw    $0x2000, %ax            /* SLP_EN, type 0: S5 in SeaBIOS's tables */
        outw    %ax, %dx
        movw    $s_still_on, %si
        jmp     print

/* EAX: sector to read into, or write from, `sector`. */
read_sector:
        movb    $0x42, %cl
        jmp     1f
write_sector:
        movb    $0x43, %cl
1:      movw    $1, packet_count
        movw    $sector, packet_offset
        movw    $0, packet_segment
        movl    %eax, packet_lba
        movb    %cl, %ah
        movb    $0, %al
/* AH: function, packet set up. */
disk:   movb    boot_drive, %dl
        movw    $packet, %si
        int     $0x13
        jc      1f
        ret
1:      movw    $s_io_error, %si
        call    print
        movl    packet_lba, %eax
        call    print_number
        jmp     newline

/* ---- printing: to the serial line and, scrolling below the frame, to the screen ---- */

serial_init:
        movw    $COM1 + 3, %dx
        movb    $0x80, %al
        outb    %al, %dx
        movw    $COM1, %dx
        movb    $1, %al
        outb    %al, %dx
        incw    %dx
        movb    $0, %al
        outb    %al, %dx
        movw    $COM1 + 3, %dx
        movb    $3, %al
        outb    %al, %dx
        ret

newline:
        movw    $s_newline, %si
/* SI: NUL-terminated text. */
print:  lodsb
        testb   %al, %al
        jz      1f
        call    print_char
        jmp     print
1:      ret

print_char:
        pushal
        movb    %al, %bl
        movw    $COM1 + 5, %dx
1:      inb     %dx, %al
        testb   $0x20, %al
        jz      1b
        movb    %bl, %al
        movw    $COM1, %dx
        outb    %al, %dx
        cmpb    $'\n', %al
        je      2f
        movb    $0x0e, %ah
        movw    $0x0007, %bx
        int     $0x10
        popal
        ret
2:      movb    $3, %ah                 /* a new line: scroll the part below the frame only */
        xorb    %bh, %bh
        int     $0x10
        incb    %dh
        cmpb    $LAST_ROW, %dh
        jbe     3f
        pushw   %dx
        movw    $0x0601, %ax
        movb    $0x07, %bh
        movw    $TEXT_ROW << 8, %cx
        movw    $LAST_ROW << 8 | 79, %dx
        int     $0x10
        popw    %dx
        movb    $LAST_ROW, %dh
3:      movb    $2, %ah
        xorb    %bh, %bh
        int     $0x10
        popal
        ret

/* EAX in decimal. */
print_number:
        pushal
        movl    $10, %ebx
        xorw    %cx, %cx
1:      xorl    %edx, %edx
        divl    %ebx
        pushw   %dx
        incw    %cx
        testl   %eax, %eax
        jnz     1b
2:      popw    %ax
        addb    $'0', %al
        call    print_char
        loop    2b
        popal
        ret

/* A blue screen, a headline, the cursor below them. */
draw_frame:
        movw    $0x0003, %ax
        int     $0x10
        movw    $0x0600, %ax
        movb    $0x1f, %bh
        xorw    %cx, %cx
        movw    $0x0e4f, %dx            /* rows 0-14, columns 0-79 */
        int     $0x10
        movw    $s_title, %si
        movw    $0x0408, %dx
        movb    $0x1f, %bl
        call    draw_text
        movb    $2, %ah
        xorb    %bh, %bh
        movw    $TEXT_ROW << 8, %dx
        int     $0x10
        ret

/* SI: text, DH:DL: row and column, BL: colours. */
draw_text:
        movb    $3, %ah
        xorb    %bh, %bh
        pushw   %dx
        int     $0x10
        movw    %dx, saved_cursor
        popw    %dx
1:      movb    $2, %ah
        xorb    %bh, %bh
        int     $0x10
        lodsb
        testb   %al, %al
        jz      2f
        movb    $9, %ah
        movw    $1, %cx
        int     $0x10
        incb    %dl
        jmp     1b
2:      movb    $2, %ah
        movw    saved_cursor, %dx
        int     $0x10
        ret

s_title:    .asciz "Pupitre demo guest"
s_hello:    .asciz "PUPITRE-GUEST\r\n"
s_clock:    .asciz "clock "
s_start:    .asciz "start "
s_banner:   .asciz "banner: "
s_ready:    .asciz "ready: r read, l loop, w write, p power off\r\n"
s_key:      .asciz "key "
s_read:     .asciz "read "
s_read_ok:  .asciz " sectors done\r\n"
s_bad:      .asciz "BAD sector "
s_write_ok: .asciz "write ok\r\n"
s_write_bad: .asciz "BAD write\r\n"
s_io_error: .asciz "I/O ERROR at sector "
s_again:    .asciz "boots again\r\n"
s_off:      .asciz "power off\r\n"
s_still_on: .asciz "still on\r\n"
s_newline:  .asciz "\r\n"

        .balign 4
total:          .long 0
saved_cursor:   .word 0
        .org    512 * (STAGE2_SECTORS + 1) - 512
sector:         .fill 512, 1, 0
