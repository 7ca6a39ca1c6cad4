/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/domain_needs.h"

/* A domain: what stands in <os>, before and behind it, and among the devices. */
static char *
domain_xml(const char *os, const char *rest, const char *devices)
{
    return g_strdup_printf("<domain>%s%s<devices>%s</devices></domain>", os, rest,
                           devices);
}

static void
test_read(void **state)
{
    static const struct {
        const char *os, *rest, *devices, *needs;
    } rows[] = {
        {"<os><type>hvm</type></os>", "<clock offset='utc'/>",
         "<disk><target dev='vda' bus='virtio'/></disk>",
         "firmware = bios, disk = virtio, clock = utc, tpm = no, hyperv = no"},
        {"<os><loader type='pflash' secure='yes'>/x</loader><nvram>/y</nvram></os>",
         "<features><smm state='on'/><hyperv mode='custom'/></features>"
         "<clock offset='localtime'/>",
         "<disk><target dev='vda' bus='sata'/></disk><tpm model='tpm-crb'/>",
         "firmware = uefi-secure, disk = sata, clock = localtime, tpm = yes, hyperv = "
         "yes"},
        {"<os firmware='efi'><firmware><feature enabled='no' name='secure-boot'/>"
         "</firmware></os>",
         "<clock offset='variable' basis='localtime'/>",
         "<disk><target dev='vdb' bus='ide'/></disk>"
         "<disk><target dev='vda' bus='sata'/></disk>",
         "firmware = uefi, disk = sata, clock = localtime, tpm = no, hyperv = no"},
        {"<os firmware='efi'><firmware><feature enabled='yes' name='secure-boot'/>"
         "</firmware></os>",
         "<clock offset='timezone' timezone='Europe/Paris'/>", "",
         "firmware = uefi-secure, disk = virtio, clock = localtime, tpm = no, hyperv = "
         "no"},
        {"<os><loader type='rom'>/x</loader></os>",
         "<clock offset='variable' basis='utc'/>", "",
         "firmware = bios, disk = virtio, clock = utc, tpm = no, hyperv = no"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *xml = domain_xml(rows[i].os, rows[i].rest, rows[i].devices);
        g_autofree char *text = NULL;
        g_autoptr(GError) error = NULL;
        PupNeedsChange change;
        PupNeeds needs;

        assert_true(pup_domain_needs_read(xml, "vda", &change, &error));
        pup_needs_defaults(&needs);
        pup_needs_change_apply(&change, &needs);
        text = pup_needs_text(&needs);
        assert_string_equal(text, rows[i].needs);
    }
}

/* A bus that a room cannot have is left to what the disk looks like. */
static void
test_other_bus(void **state)
{
    PupNeedsChange change;
    GError *error = NULL;

    assert_true(pup_domain_needs_read("<domain><devices><disk><target dev='sda' "
                                      "bus='scsi'/></disk></devices></domain>",
                                      "sda", &change, &error));
    assert_false(change.set & PUP_NEED_DISK);
    assert_false(pup_domain_needs_read("<domain>", "sda", &change, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "libvirt's description");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_other_bus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
