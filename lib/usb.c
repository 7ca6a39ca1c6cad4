/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/usb.h"

#include <string.h>

#define USUAL                                                                            \
    (PUP_USB_AUDIO | PUP_USB_IMAGE | PUP_USB_PRINTER | PUP_USB_SMARTCARD |               \
     PUP_USB_STORAGE | PUP_USB_VIDEO)

/* Codes of usb.org; a serial line has a control and a data interface. By name. */
static const struct {
    PupUsbClass bit;
    const char *word;
    unsigned code, second_code;
} classes[] = {
    {PUP_USB_AUDIO, "audio", 0x01, 0},      {PUP_USB_HID, "hid", 0x03, 0},
    {PUP_USB_IMAGE, "image", 0x06, 0},      {PUP_USB_PRINTER, "printer", 0x07, 0},
    {PUP_USB_SERIAL, "serial", 0x02, 0x0a}, {PUP_USB_SMARTCARD, "smartcard", 0x0b, 0},
    {PUP_USB_STORAGE, "storage", 0x08, 0},  {PUP_USB_VENDOR, "vendor", 0xff, 0},
    {PUP_USB_VIDEO, "video", 0x0e, 0},
};

/* The switch that this was before there were classes is still read. */
static const struct {
    const char *word;
    PupUsb usb;
} words[] = {
    {"all", PUP_USB_ALL}, {"yes", PUP_USB_ALL},    {"true", PUP_USB_ALL},
    {"on", PUP_USB_ALL},  {"1", PUP_USB_ALL},      {"none", PUP_USB_NONE},
    {"no", PUP_USB_NONE}, {"false", PUP_USB_NONE}, {"off", PUP_USB_NONE},
    {"0", PUP_USB_NONE},
};

static PupUsb
find_class(const char *word)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(classes); i++)
        if (strcmp(classes[i].word, word) == 0)
            return classes[i].bit;
    return 0;
}

static gboolean
parse_list(const char *text, PupUsb *usb)
{
    g_auto(GStrv) list = g_strsplit(text, ",", -1);
    PupUsb found = 0;

    for (char **word = list; *word; word++) {
        PupUsb bit = find_class(g_strstrip(*word));
        if (!bit || (found & bit))
            return FALSE;
        found |= bit;
    }
    if (found)
        *usb = found;
    return found != 0;
}

gboolean
pup_usb_parse(const char *text, PupUsb *usb)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strcmp(words[i].word, text) == 0) {
            *usb = words[i].usb;
            return TRUE;
        }
    }
    return parse_list(text, usb);
}

char *
pup_usb_text(PupUsb usb)
{
    GString *text = g_string_new(NULL);

    if (usb == PUP_USB_NONE || usb == PUP_USB_ALL)
        g_string_append(text, usb == PUP_USB_ALL ? "all" : "none");
    for (unsigned i = 0; i < G_N_ELEMENTS(classes); i++)
        if (usb & classes[i].bit)
            g_string_append_printf(text, "%s%s", text->len ? "," : "", classes[i].word);
    return g_string_free(text, FALSE);
}

static void
append_rule(GString *filter, unsigned code)
{
    g_string_append_printf(filter, "0x%02x,-1,-1,-1,1|", code);
}

char *
pup_usb_filter(PupUsb usb)
{
    GString *filter = g_string_new(NULL);

    if (usb == PUP_USB_ALL)
        usb = USUAL;
    for (unsigned i = 0; i < G_N_ELEMENTS(classes); i++) {
        if (!(usb & classes[i].bit))
            continue;
        append_rule(filter, classes[i].code);
        if (classes[i].second_code)
            append_rule(filter, classes[i].second_code);
    }
    g_string_append(filter, "-1,-1,-1,-1,0");
    return g_string_free(filter, FALSE);
}
