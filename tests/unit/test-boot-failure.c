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

static void
test_waits_for_what_moves(void **state)
{
    static const struct {
        gint64 at_s;
        guint64 read_bytes;
        const char *serial;
        gboolean in_vain;
    } rows[] = {
        {100, 0, "", FALSE},
        {500, 0, "", FALSE}, /* unknown, or still on its way */
        {510, 36864, "", FALSE},
        {590, 36864, "", FALSE},
        {600, 36864, "", TRUE},
        {601, 40960, "", FALSE},
        {611, 40960, "BdsDxe: failed to load Boot0001", FALSE},
        {621, 40960, "BdsDxe: failed to load Boot0001", TRUE},
        {622, 80u << 20, "BdsDxe: failed to load Boot0001", FALSE},
        {999, 80u << 20, "BdsDxe: failed to load Boot0001", FALSE}, /* it may work */
    };
    PupBootWatch watch = {.read_bytes = 0};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        assert_int_equal(pup_boot_watch(&watch, rows[i].read_bytes, rows[i].serial,
                                        rows[i].at_s * G_USEC_PER_SEC),
                         rows[i].in_vain);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_waits_for_what_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
