/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/domain_needs.h"

#include <string.h>

#include "lib/error.h"

typedef struct {
    const char *target;
    gboolean uefi, secure;
    PupNeedsChange change;
} Reading;

static const char *
attribute(const char **names, const char **values, const char *name)
{
    for (unsigned i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return values[i];
    return "";
}

/* TRUE when the open element stands in one called @name. */
static gboolean
is_in(GMarkupParseContext *context, const char *name)
{
    const GSList *stack = g_markup_parse_context_get_element_stack(context);

    return stack->next && strcmp(stack->next->data, name) == 0;
}

/* libvirt chooses a loader for <os firmware='efi'>, or is told one, and one in flash is
 * UEFI's. */
static void
read_firmware(GMarkupParseContext *context, const char *element, const char **names,
              const char **values, Reading *reading)
{
    if (strcmp(element, "os") == 0 && is_in(context, "domain")) {
        reading->uefi |= strcmp(attribute(names, values, "firmware"), "efi") == 0;
    } else if (strcmp(element, "loader") == 0 && is_in(context, "os")) {
        reading->uefi |= strcmp(attribute(names, values, "type"), "pflash") == 0;
        reading->secure |= strcmp(attribute(names, values, "secure"), "yes") == 0;
    } else if (strcmp(element, "feature") == 0 && is_in(context, "firmware")) {
        reading->secure |= strcmp(attribute(names, values, "name"), "secure-boot") == 0 &&
                           strcmp(attribute(names, values, "enabled"), "yes") == 0;
    }
}

/* "variable" is local time or UTC with what the guest has set added to it. */
static PupClock
clock_of(const char **names, const char **values)
{
    const char *offset = attribute(names, values, "offset");

    if (strcmp(offset, "variable") == 0)
        offset = attribute(names, values, "basis");
    return strcmp(offset, "localtime") == 0 || strcmp(offset, "timezone") == 0
               ? PUP_CLOCK_LOCALTIME
               : PUP_CLOCK_UTC;
}

static void
start_element(GMarkupParseContext *context, const char *element, const char **names,
              const char **values, gpointer user, GError **error)
{
    Reading *reading = user;
    PupNeeds *needs = &reading->change.needs;

    read_firmware(context, element, names, values, reading);
    if (strcmp(element, "tpm") == 0 && is_in(context, "devices"))
        needs->tpm = TRUE;
    else if (strcmp(element, "hyperv") == 0 && is_in(context, "features"))
        needs->hyperv = TRUE;
    else if (strcmp(element, "clock") == 0 && is_in(context, "domain"))
        needs->clock = clock_of(names, values);
    else if (strcmp(element, "target") == 0 && is_in(context, "disk") &&
             strcmp(attribute(names, values, "dev"), reading->target) == 0 &&
             pup_disk_bus_parse(attribute(names, values, "bus"), &needs->disk_bus))
        reading->change.set |= PUP_NEED_DISK;
}

gboolean
pup_domain_needs_read(const char *xml, const char *target, PupNeedsChange *change,
                      GError **error)
{
    static const GMarkupParser parser = {.start_element = start_element};
    Reading reading = {.target = target};
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, 0, &reading, NULL);
    g_autoptr(GError) bad = NULL;

    reading.change.needs.clock = PUP_CLOCK_UTC;
    if (!g_markup_parse_context_parse(context, xml, -1, &bad) ||
        !g_markup_parse_context_end_parse(context, &bad)) {
        pup_error_set(error, PUP_ERROR_INVALID, "libvirt's description: %s",
                      bad->message);
        return FALSE;
    }
    reading.change.set |=
        PUP_NEED_FIRMWARE | PUP_NEED_CLOCK | PUP_NEED_TPM | PUP_NEED_HYPERV;
    reading.change.needs.firmware = !reading.uefi    ? PUP_FIRMWARE_BIOS
                                    : reading.secure ? PUP_FIRMWARE_UEFI_SECURE
                                                     : PUP_FIRMWARE_UEFI;
    *change = reading.change;
    return TRUE;
}
