/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/boot_failure.h"

static void
test_texts(void **state)
{
    static const struct {
        PupFirmware firmware;
        guint64 read_bytes;
        const char *serial, *says;
    } rows[] = {
        {PUP_FIRMWARE_BIOS, 512, "", "(bios) found nothing to start: it read 1 KiB"},
        {PUP_FIRMWARE_BIOS, 512, "", "installed under firmware = uefi"},
        {PUP_FIRMWARE_UEFI, 36864, "BdsDxe: failed to load Boot0001 \"UEFI Misc\"",
         "36 KiB of the disk, and says 'BdsDxe: failed to load'"},
        {PUP_FIRMWARE_UEFI_SECURE, 36864, "", "installed under firmware = bios"},
        {PUP_FIRMWARE_UEFI, 0, "No bootable option or device was found", "and says 'No"},
        {PUP_FIRMWARE_UEFI, 0, "", "only its screen tells"},
        /* Something was tried in vain, and something else started. */
        {PUP_FIRMWARE_UEFI, 80u << 20, "BdsDxe: failed to load Boot0001",
         "something started, since 80 MiB"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text =
            pup_boot_failure_text(rows[i].firmware, rows[i].read_bytes, rows[i].serial);
        if (!strstr(text, rows[i].says))
            print_error("'%s' does not say '%s'\n", text, rows[i].says);
        assert_non_null(strstr(text, rows[i].says));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
