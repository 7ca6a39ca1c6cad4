/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * usb - which USB devices of a PC go to its guest
 *
 *     usb = all | none | CLASS[, CLASS ...]
 *
 * A set of device classes, as the room profile and the manifest write it, and as the rule
 * that SPICE's client checks each device against. "all" is what a classroom plugs in:
 * audio, image, printer, storage, smart card and video; serial, hid and vendor must be
 * asked for, since a PC's own keyboard and network card may be among them.
 *
 * Pure; any thread.
 */
#pragma once

#include <glib.h>

typedef enum {
    PUP_USB_AUDIO = 1 << 0,
    PUP_USB_HID = 1 << 1,
    PUP_USB_IMAGE = 1 << 2,
    PUP_USB_PRINTER = 1 << 3,
    PUP_USB_SERIAL = 1 << 4,
    PUP_USB_SMARTCARD = 1 << 5,
    PUP_USB_STORAGE = 1 << 6,
    PUP_USB_VENDOR = 1 << 7,
    PUP_USB_VIDEO = 1 << 8,
} PupUsbClass;

/* A set of PupUsbClass; PUP_USB_ALL stands for itself, not for a list. */
typedef unsigned PupUsb;
#define PUP_USB_NONE 0u
#define PUP_USB_ALL (1u << 31)

/* @text: "all" (or yes), "none" (or no), or classes with commas between, each once.
 * FALSE: it is none of these; @usb is untouched. */
gboolean pup_usb_parse(const char *text, PupUsb *usb);

/* "all", "none", or the classes in alphabetical order, "audio,storage". New string. */
char *pup_usb_text(PupUsb usb);

/* The rules as libusbredirparser reads them, class by class, for all devices of @usb and
 * no others. A device of several functions passes when all of them do. New string. */
char *pup_usb_filter(PupUsb usb);
