/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/guest.h"

#include <string.h>

static const char *const firmware_words[] = {
    [PUP_FIRMWARE_BIOS] = "bios",
    [PUP_FIRMWARE_UEFI] = "uefi",
    [PUP_FIRMWARE_UEFI_SECURE] = "uefi-secure",
    NULL,
};
static const char *const display_words[] = {
    [PUP_DISPLAY_QXL] = "qxl",
    [PUP_DISPLAY_VIRTIO] = "virtio",
    [PUP_DISPLAY_VGA] = "vga",
    NULL,
};
static const char *const disk_bus_words[] = {
    [PUP_DISK_VIRTIO] = "virtio",
    [PUP_DISK_SATA] = "sata",
    [PUP_DISK_IDE] = "ide",
    NULL,
};
static const char *const net_words[] = {
    [PUP_NET_NAT] = "nat",
    [PUP_NET_BRIDGE] = "bridge",
    [PUP_NET_NONE] = "none",
    NULL,
};
static const char *const clock_words[] = {
    [PUP_CLOCK_AUTO] = "auto",
    [PUP_CLOCK_UTC] = "utc",
    [PUP_CLOCK_LOCALTIME] = "localtime",
    NULL,
};

void
pup_guest_defaults(PupGuest *guest)
{
    *guest = (PupGuest){
        .memory_percent = 75,
        .firmware = PUP_FIRMWARE_UEFI,
        .display = PUP_DISPLAY_QXL,
        .disk_bus = PUP_DISK_VIRTIO,
        .net = PUP_NET_NAT,
        .sound = TRUE,
        .usb = PUP_USB_ALL,
        .agent = TRUE,
        .hyperv = TRUE,
        .emulate = TRUE,
    };
}

gboolean
pup_guest_equal(const PupGuest *a, const PupGuest *b)
{
    return a->memory_percent == b->memory_percent && a->memory_mib == b->memory_mib &&
           a->cpus == b->cpus && a->firmware == b->firmware && a->display == b->display &&
           a->disk_bus == b->disk_bus && a->net == b->net && !a->tpm == !b->tpm &&
           !a->sound == !b->sound && a->usb == b->usb && !a->agent == !b->agent &&
           !a->hyperv == !b->hyperv && !a->emulate == !b->emulate && !a->kept == !b->kept;
}

/* Index of @word in the NULL-terminated @words, -1 when it is not there. */
static int
find_word(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

const char *
pup_firmware_name(PupFirmware firmware)
{
    return firmware_words[firmware];
}

const char *
pup_display_name(PupDisplay display)
{
    return display_words[display];
}

const char *
pup_disk_bus_name(PupDiskBus bus)
{
    return disk_bus_words[bus];
}

const char *
pup_net_name(PupNet net)
{
    return net_words[net];
}

const char *
pup_clock_name(PupClock clock)
{
    return clock_words[clock];
}

gboolean
pup_firmware_parse(const char *word, PupFirmware *firmware)
{
    int i = find_word(firmware_words, word);
    if (i >= 0)
        *firmware = (PupFirmware) i;
    return i >= 0;
}

gboolean
pup_display_parse(const char *word, PupDisplay *display)
{
    int i = find_word(display_words, word);
    if (i >= 0)
        *display = (PupDisplay) i;
    return i >= 0;
}

gboolean
pup_disk_bus_parse(const char *word, PupDiskBus *bus)
{
    int i = find_word(disk_bus_words, word);
    if (i >= 0)
        *bus = (PupDiskBus) i;
    return i >= 0;
}

gboolean
pup_net_parse(const char *word, PupNet *net)
{
    int i = find_word(net_words, word);
    if (i >= 0)
        *net = (PupNet) i;
    return i >= 0;
}

gboolean
pup_clock_parse(const char *word, PupClock *clock)
{
    int i = find_word(clock_words, word);
    if (i >= 0)
        *clock = (PupClock) i;
    return i >= 0;
}
