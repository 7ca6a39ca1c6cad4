/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What starts from a disk: made ones, those of the fuzz target's corpus. */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/file.h"
#include "server/image/look.h"

#define MBR_CODE 0
#define MBR_ACTIVE 446
#define MBR_TYPE 450

static gboolean
read_bytes(gpointer data, guint64 offset, guint8 *buf, size_t len, GError **error)
{
    GByteArray *disk = data;

    memset(buf, 0, len);
    if (offset < disk->len)
        memcpy(buf, disk->data + offset, MIN(len, disk->len - (size_t) offset));
    return TRUE;
}

static GByteArray *
read_seed(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("PUP_TOP_SRCDIR"),
                                             "tests/fuzz/corpus/look", name, NULL);
    g_autoptr(GError) error = NULL;
    GBytes *bytes = pup_file_read(path, 1 << 20, &error);

    unit_assert_no_error(error);
    return g_bytes_unref_to_array(bytes);
}

static void
look_at(GByteArray *disk, PupLook *look)
{
    const PupFatSource source = {.read = read_bytes, .data = disk};
    g_autoptr(GError) error = NULL;

    assert_true(pup_look_at(&source, look, &error));
}

static void
assert_looks(const char *seed, const char *text, const char *needs_text)
{
    g_autoptr(GByteArray) disk = read_seed(seed);
    g_autofree char *found = NULL;
    PupNeeds needs;
    PupLook look;

    look_at(disk, &look);
    assert_string_equal(pup_look_text(&look), text);
    pup_look_needs(&look, "qcow2", &needs);
    found = pup_needs_text(&needs);
    assert_string_equal(found, needs_text);
    assert_false(pup_look_refuses(&look, needs.firmware));
}

static void
test_kinds(void **state)
{
    assert_looks("gpt-windows", "a UEFI disk with Windows",
                 "firmware = uefi, disk = virtio, clock = localtime, tpm = no, "
                 "hyperv = yes");
    assert_looks("gpt-bios-too", "a UEFI and BIOS disk",
                 "firmware = uefi, disk = virtio, clock = utc, tpm = no, hyperv = no");
    assert_looks("mbr-windows", "a BIOS disk with Windows",
                 "firmware = bios, disk = virtio, clock = localtime, tpm = no, "
                 "hyperv = yes");
    /* No table: what system it is, nothing tells. */
    assert_looks("fat-alone", "a UEFI and BIOS disk",
                 "firmware = uefi, disk = virtio, clock = auto, tpm = no, hyperv = yes");
}

static void
test_refuses(void **state)
{
    g_autoptr(GByteArray) uefi = read_seed("gpt-windows");
    g_autoptr(GByteArray) bios = read_seed("mbr-windows");
    g_autoptr(GByteArray) both = read_seed("gpt-bios-too");
    PupLook look;

    look_at(uefi, &look);
    assert_true(pup_look_refuses(&look, PUP_FIRMWARE_BIOS));
    assert_false(pup_look_refuses(&look, PUP_FIRMWARE_UEFI_SECURE));
    look_at(bios, &look);
    assert_false(pup_look_refuses(&look, PUP_FIRMWARE_BIOS));
    assert_true(pup_look_refuses(&look, PUP_FIRMWARE_UEFI));
    assert_true(pup_look_refuses(&look, PUP_FIRMWARE_UEFI_SECURE));
    look_at(both, &look);
    assert_false(pup_look_refuses(&look, PUP_FIRMWARE_BIOS));
    assert_false(pup_look_refuses(&look, PUP_FIRMWARE_UEFI));
}

static void
test_changed(void **state)
{
    g_autoptr(GByteArray) gpt = read_seed("gpt-windows");
    g_autoptr(GByteArray) mbr = read_seed("mbr-windows");
    g_autoptr(GByteArray) nothing = g_byte_array_new();
    PupLook look;
    PupNeeds needs;

    look_at(nothing, &look);
    assert_false(look.partitioned || look.uefi || look.bios || look.windows);
    assert_false(pup_look_refuses(&look, PUP_FIRMWARE_BIOS));
    assert_false(pup_look_refuses(&look, PUP_FIRMWARE_UEFI));
    /* Windows leaves code in the boot sector of a disk that only a UEFI starts. */
    gpt->data[MBR_CODE] = 0x33;
    look_at(gpt, &look);
    assert_false(look.bios);
    /* Another hypervisor's Windows has no VirtIO driver. */
    pup_look_needs(&look, "vmdk", &needs);
    assert_int_equal(needs.disk_bus, PUP_DISK_SATA);
    /* The loader gone: a UEFI disk still, but none that starts by itself. */
    memset(gpt->data + 2048 + 3 * 512, 0, 512);
    look_at(gpt, &look);
    assert_true(look.esp && !look.uefi && !look.windows);
    /* No code, no BIOS; a partition that is not active starts nothing. */
    mbr->data[MBR_ACTIVE] = 0;
    look_at(mbr, &look);
    assert_true(look.bios && !look.windows);
    memset(mbr->data, 0, 440);
    look_at(mbr, &look);
    assert_true(look.partitioned && !look.bios);
}

/* Names are found whatever their case, long and short ones, not as folders of files. */
static void
test_names(void **state)
{
    static const struct {
        const char *path;
        gboolean there;
    } rows[] = {
        {"EFI", TRUE},           {"efi/boot/bootx64.efi", TRUE},
        {"EFI/Microsoft", TRUE}, {"EFI/MICROS~1/BOOT/BOOTMGFW.EFI", TRUE},
        {"EFI/Micro", FALSE},    {"EFI/BOOT/BOOTX64.EFI/x", FALSE},
    };
    g_autoptr(GByteArray) disk = read_seed("gpt-windows");
    const PupFatSource source = {.read = read_bytes, .data = disk, .offset = 2048};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        gboolean found = !rows[i].there;
        assert_true(pup_fat_find(&source, rows[i].path, &found, &error));
        if (found != rows[i].there)
            print_error("%s\n", rows[i].path);
        assert_int_equal(found, rows[i].there);
    }
}

/* A chain of clusters that goes round, and tables of absurd sizes, end. */
static void
test_damage(void **state)
{
    g_autoptr(GByteArray) disk = read_seed("gpt-windows");
    PupLook look;

    memcpy(disk->data + 2048 + 512 + 3, "\x02\x20\x00", 3);
    memset(disk->data + 2048 + 3 * 512, 0xe5, 512);
    look_at(disk, &look);
    assert_false(look.uefi);
    memset(disk->data + 512 + 80, 0xff, 8);
    look_at(disk, &look);
    assert_false(look.esp);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),   cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_changed), cmocka_unit_test(test_names),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
