/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/manifest.h"

#define PAGE "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define GUEST                                                                            \
    "{\"agent\":true,\"cpus\":0,\"disk\":\"virtio\",\"display\":\"qxl\","                \
    "\"emulate\":true,\"firmware\":\"uefi\",\"hyperv\":true,\"memory_mib\":0,"           \
    "\"memory_percent\":75,\"network\":\"nat\",\"sound\":true,\"tpm\":false,"            \
    "\"usb\":true}"
/* The kept text of a room's manifest: this is the format, change it and old ones break.
 */
#define ROOM                                                                             \
    "{\"cache_mib\":512,\"chunk_bytes\":131072,\"created\":\"2026-11-21T08:00:00Z\","    \
    "\"disk_bytes\":1048577,\"domain_template\":\"<domain>\\n\",\"format\":1,"           \
    "\"guest\":" GUEST ",\"kind\":\"room\",\"master\":\"win11\",\"master_version\":3,"   \
    "\"name\":\"lab-101\",\"pages\":[\"" PAGE "\"],\"parent\":6,\"version\":7}\n"
/* The same with all that format 2 added. */
#define NEWER_GUEST                                                                      \
    "{\"agent\":true,\"cpus\":0,\"disk\":\"virtio\",\"display\":\"qxl\","                \
    "\"emulate\":true,\"firmware\":\"uefi\",\"hyperv\":true,\"kept\":true,\"memory_"     \
    "mib\":0,"                                                                           \
    "\"memory_percent\":75,\"network\":\"bridge\",\"sound\":true,\"tpm\":false,"         \
    "\"usb\":true,\"usb_classes\":\"audio,video\"}"
#define NEWER                                                                            \
    "{\"cache_mib\":512,\"chunk_bytes\":131072,\"created\":\"2026-11-21T08:00:00Z\","    \
    "\"disk_bytes\":1048577,\"domain_template\":\"<domain>\\n\",\"format\":2,"           \
    "\"guest\":" NEWER_GUEST                                                             \
    ",\"kind\":\"room\",\"master\":\"win11\",\"master_version\":3,"                      \
    "\"name\":\"lab-101\",\"pages\":[\"" PAGE "\"],\"parent\":6,\"version\":7}\n"
#define MASTER                                                                           \
    "{\"boot_profile\":\"" PAGE "\",\"chunk_bytes\":131072,"                             \
    "\"created\":\"2026-11-21T08:00:00Z\",\"disk_bytes\":1,\"format\":1,"                \
    "\"kind\":\"master\",\"name\":\"win11\",\"pages\":[\"" PAGE "\"],\"parent\":0,"      \
    "\"version\":1}\n"

/* A master that says what it needs. */
#define NEEDY                                                                            \
    "{\"chunk_bytes\":131072,\"created\":\"2026-11-21T08:00:00Z\",\"disk_bytes\":1,"     \
    "\"format\":3,\"guest\":{\"clock\":\"localtime\",\"disk\":\"sata\","                 \
    "\"firmware\":\"uefi-secure\",\"hyperv\":true,\"tpm\":true},\"kind\":\"master\","    \
    "\"name\":\"win11\",\"pages\":[\"" PAGE "\"],\"parent\":0,\"version\":1}\n"

static PupManifest *
parse(const char *text, GError **error)
{
    return pup_manifest_parse(text, strlen(text), error);
}

static void
assert_formats_to(const PupManifest *manifest, const char *text, size_t len)
{
    g_autoptr(GBytes) bytes = pup_manifest_format(manifest);
    assert_int_equal(g_bytes_get_size(bytes), len);
    assert_memory_equal(g_bytes_get_data(bytes, NULL), text, len);
}

static void
test_room(void **state)
{
    GError *error = NULL;
    g_autoptr(PupManifest) manifest = parse(ROOM, &error);
    unit_assert_no_error(error);
    PupGuest defaults;
    pup_guest_defaults(&defaults);
    assert_int_equal(manifest->kind, PUP_KIND_ROOM);
    assert_string_equal(manifest->name, "lab-101");
    assert_int_equal(manifest->version, 7);
    assert_int_equal(manifest->parent, 6);
    assert_string_equal(manifest->created, "2026-11-21T08:00:00Z");
    assert_int_equal(manifest->disk_bytes, 1048577);
    assert_int_equal(manifest->n_pages, 1);
    assert_false(manifest->has_boot_profile);
    assert_string_equal(manifest->master, "win11");
    assert_int_equal(manifest->master_version, 3);
    assert_string_equal(manifest->domain_template, "<domain>\n");
    assert_int_equal(manifest->cache_mib, 512);
    assert_true(pup_guest_equal(&manifest->guest, &defaults));
    g_autofree char *label = pup_manifest_label(manifest);
    assert_string_equal(label, "lab-101@7");
    assert_formats_to(manifest, ROOM, strlen(ROOM));
}

static void
test_newer_room(void **state)
{
    GError *error = NULL;
    g_autoptr(PupManifest) manifest = parse(NEWER, &error);
    unit_assert_no_error(error);
    assert_int_equal(manifest->guest.usb, PUP_USB_AUDIO | PUP_USB_VIDEO);
    assert_true(manifest->guest.kept);
    assert_int_equal(manifest->guest.net, PUP_NET_BRIDGE);
    assert_formats_to(manifest, NEWER, strlen(NEWER));
}

static void
test_master(void **state)
{
    GError *error = NULL;
    g_autoptr(PupManifest) manifest = parse(MASTER, &error);
    unit_assert_no_error(error);
    assert_int_equal(manifest->kind, PUP_KIND_MASTER);
    assert_null(manifest->master);
    assert_true(manifest->has_boot_profile);
    assert_int_equal(manifest->boot_profile.bytes[0], 0xba);
    assert_formats_to(manifest, MASTER, strlen(MASTER));
}

static void
test_needy_master(void **state)
{
    const PupNeeds needs = {PUP_FIRMWARE_UEFI_SECURE, PUP_DISK_SATA, PUP_CLOCK_LOCALTIME,
                            TRUE, TRUE};
    GError *error = NULL;
    g_autoptr(PupManifest) manifest = parse(NEEDY, &error);
    unit_assert_no_error(error);
    assert_true(manifest->has_needs);
    assert_true(pup_needs_equal(&manifest->needs, &needs));
    assert_formats_to(manifest, NEEDY, strlen(NEEDY));
}

/* Each row is ROOM or MASTER with one part replaced. */
static void
test_refused(void **state)
{
    static const struct {
        const char *base, *from, *to, *part;
        PupErrorCode code;
    } rows[] = {
        {ROOM, "\"format\":1", "\"format\":4", "newer", PUP_ERROR_UNSUPPORTED},
        {ROOM, "\"format\":1", "\"format\":4,\"new\":1", "newer", PUP_ERROR_UNSUPPORTED},
        {ROOM, "\"format\":1", "\"format\":0", "'format'", PUP_ERROR_INVALID},
        {ROOM, "\"format\":1,", "", "'format' is missing", PUP_ERROR_INVALID},
        {ROOM, "\"format\":1", "\"format\":3", "canonical", PUP_ERROR_INVALID},
        {NEEDY, "\"format\":3", "\"format\":1", "canonical", PUP_ERROR_INVALID},
        {NEEDY, "\"sata\"", "\"scsi\"", "'disk'", PUP_ERROR_INVALID},
        {NEEDY, "\"tpm\":true", "\"tpm\":1", "'tpm'", PUP_ERROR_INVALID},
        {NEEDY, "\"clock\":\"localtime\",", "", "'clock' is missing", PUP_ERROR_INVALID},
        {NEEDY, "\"hyperv\"", "\"cpus\":1,\"hyperv\"", "'cpus'", PUP_ERROR_INVALID},
        {ROOM, "\"kind\":\"room\"", "\"kind\":\"lab\"", "'kind'", PUP_ERROR_INVALID},
        {ROOM, "\"version\":7", "\"version\":0", "'version'", PUP_ERROR_INVALID},
        {ROOM, "\"version\":7", "\"version\":6", "'parent'", PUP_ERROR_INVALID},
        {ROOM, "\"version\":7", "\"version\":2147483648", "'version'", PUP_ERROR_INVALID},
        {ROOM, "lab-101", "../101", "'name'", PUP_ERROR_INVALID},
        {ROOM, "win11", "", "'master'", PUP_ERROR_INVALID},
        {ROOM, "\"master_version\":3", "\"master_version\":0", "'master_version'",
         PUP_ERROR_INVALID},
        {ROOM, "T08:00:00Z", "T08:00:00+01:00", "'created'", PUP_ERROR_INVALID},
        {ROOM, "2026-11-21", "2026-13-21", "'created'", PUP_ERROR_INVALID},
        {ROOM, "1048577", "0", "'disk_bytes'", PUP_ERROR_INVALID},
        {ROOM, "1048577", "70368744177665", "'disk_bytes'", PUP_ERROR_INVALID},
        {ROOM, "1048577", "536870913", "'pages' has 1 names", PUP_ERROR_INVALID},
        {ROOM, "131072", "65536", "'chunk_bytes'", PUP_ERROR_INVALID},
        {ROOM, "[\"" PAGE "\"]", "[]", "'pages'", PUP_ERROR_INVALID},
        {ROOM, "[\"" PAGE "\"]", "[7]", "'pages'", PUP_ERROR_INVALID},
        {ROOM, "ba7816", "BA7816", "'pages'", PUP_ERROR_INVALID},
        {ROOM, "\"usb\":true", "\"usb\":1", "'usb'", PUP_ERROR_INVALID},
        {ROOM, "\"usb\":true", "\"usb\":true,\"vga\":1", "'vga'", PUP_ERROR_INVALID},
        {ROOM, "\"uefi\"", "\"efi\"", "'firmware'", PUP_ERROR_INVALID},
        {ROOM, "\"qxl\"", "\"cga\"", "'display'", PUP_ERROR_INVALID},
        {ROOM, "\"virtio\"", "\"scsi\"", "'disk'", PUP_ERROR_INVALID},
        {ROOM, "\"nat\"", "\"tap\"", "'network'", PUP_ERROR_INVALID},
        {ROOM, "\"memory_percent\":75", "\"memory_percent\":0", "'memory_percent'",
         PUP_ERROR_INVALID},
        {ROOM, "\"memory_percent\":75", "\"memory_percent\":9", "below 10",
         PUP_ERROR_INVALID},
        {ROOM, "\"memory_percent\":75", "\"memory_percent\":96", "'memory_percent'",
         PUP_ERROR_INVALID},
        {ROOM, "\"memory_mib\":0", "\"memory_mib\":64", "not both", PUP_ERROR_INVALID},
        {ROOM, "\"cpus\":0", "\"cpus\":513", "'cpus'", PUP_ERROR_INVALID},
        {ROOM, "\"cache_mib\":512", "\"cache_mib\":4194305", "'cache_mib'",
         PUP_ERROR_INVALID},
        {ROOM, "\"format\":1", "\"format\":2", "canonical", PUP_ERROR_INVALID},
        {ROOM, "\"usb\":true", "\"usb\":true,\"usb_classes\":\"video\"", "canonical",
         PUP_ERROR_INVALID},
        {NEWER, "\"format\":2", "\"format\":1", "canonical", PUP_ERROR_INVALID},
        {NEWER, "audio,video", "video,audio", "canonical", PUP_ERROR_INVALID},
        {NEWER, "audio,video", "all", "canonical", PUP_ERROR_INVALID},
        {ROOM, "\"nat\"", "\"bridge\"", "canonical", PUP_ERROR_INVALID},
        {NEWER, "\"kept\":true", "\"kept\":false", "canonical", PUP_ERROR_INVALID},
        {ROOM, "\"memory_mib\"", "\"kept\":true,\"memory_mib\"", "canonical",
         PUP_ERROR_INVALID},
        {NEWER, "audio,video", "disk", "'usb_classes'", PUP_ERROR_INVALID},
        {ROOM, "\"version\":7", "\"version\":7,\"extra\":1", "'extra' is not known",
         PUP_ERROR_INVALID},
        {ROOM, "\"version\":7", "\"version\":7,\"version\":7", "duplicate",
         PUP_ERROR_INVALID},
        {ROOM, "\"version\":7", "\"version\": 7", "canonical", PUP_ERROR_INVALID},
        {ROOM, "lab-101", "lab\\u002d101", "canonical", PUP_ERROR_INVALID},
        {ROOM, "}\n", "}", "canonical", PUP_ERROR_INVALID},
        {ROOM, "}\n", "}\n\n", "canonical", PUP_ERROR_INVALID},
        {MASTER, "\"parent\":0", "\"master\":\"a\",\"parent\":0", "'master' is not known",
         PUP_ERROR_INVALID},
        {MASTER, "\"boot_profile\":\"ba", "\"boot_profile\":\"zz", "'boot_profile'",
         PUP_ERROR_INVALID},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        const char *at = strstr(rows[i].base, rows[i].from);
        assert_non_null(at);
        g_autofree char *head = g_strndup(rows[i].base, (size_t) (at - rows[i].base));
        g_autofree char *text =
            g_strconcat(head, rows[i].to, at + strlen(rows[i].from), NULL);
        assert_null(parse(text, &error));
        unit_assert_error(&error, rows[i].code, rows[i].part);
    }
}

static void
parse_changed(const char *text, size_t len, gpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupManifest) manifest = pup_manifest_parse(text, len, &error);
    if (manifest) {
        assert_formats_to(manifest, text, len);
        return;
    }
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID) ||
                g_error_matches(error, PUP_ERROR, PUP_ERROR_UNSUPPORTED));
}

static void
parse_cut(const char *text, size_t len, gpointer data)
{
    GError *error = NULL;
    assert_null(pup_manifest_parse(text, len, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "manifest");
}

static void
test_changed(void **state)
{
    unit_each_cut(ROOM, strlen(ROOM), parse_cut, NULL);
    unit_each_cut(MASTER, strlen(MASTER), parse_cut, NULL);
    unit_each_flip(ROOM, strlen(ROOM), parse_changed, NULL);
    unit_each_flip(MASTER, strlen(MASTER), parse_changed, NULL);
    unit_each_cut(NEEDY, strlen(NEEDY), parse_cut, NULL);
    unit_each_flip(NEEDY, strlen(NEEDY), parse_changed, NULL);
    unit_each_flip(NEWER, strlen(NEWER), parse_changed, NULL);
}

static void
test_map(void **state)
{
    GError *error = NULL;
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(PUP_PAGE_COVERS_BYTES + 1);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    PupName chunk, page;
    pup_name_of("x", 1, &chunk);
    pup_chunk_map_set(map, PUP_PAGE_NAMES, &chunk);
    pup_chunk_map_seal_page(map, 1, plain, &page);

    g_autoptr(PupManifest) manifest = pup_manifest_new(PUP_KIND_MASTER, "win11", 1);
    pup_manifest_set_map(manifest, map);
    g_autoptr(GBytes) text = pup_manifest_format(manifest);
    g_autoptr(PupManifest) read =
        pup_manifest_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), &error);
    unit_assert_no_error(error);
    g_autoptr(PupChunkMap) again = pup_manifest_map(read, &error);
    assert_int_equal(pup_chunk_map_disk_bytes(again), PUP_PAGE_COVERS_BYTES + 1);
    assert_true(pup_name_is_null(pup_chunk_map_page_name(again, 0)));
    assert_true(pup_name_equal(pup_chunk_map_page_name(again, 1), &page));
}

static void
test_largest_fits(void **state)
{
    GError *error = NULL;
    g_autoptr(PupChunkMap) map = pup_chunk_map_new(PUP_DISK_MAX_BYTES);
    g_autoptr(PupManifest) manifest = pup_manifest_new(PUP_KIND_MASTER, "win11", 1);
    pup_manifest_set_map(manifest, map);
    g_autoptr(GBytes) text = pup_manifest_format(manifest);
    g_autoptr(PupManifest) read =
        pup_manifest_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), &error);
    unit_assert_no_error(error);
    assert_int_equal(read->n_pages, 131072);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room),         cmocka_unit_test(test_master),
        cmocka_unit_test(test_needy_master), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_changed),      cmocka_unit_test(test_newer_room),
        cmocka_unit_test(test_map),          cmocka_unit_test(test_largest_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
