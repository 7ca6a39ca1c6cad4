/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/fsck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "server/store/pack.h"
#include "tests/unit/store_fixture.h"

/* a@1 and b@1 share chunk 2; each has one of its own. */
static const unsigned disk_a[] = {1, 2};
static const unsigned disk_b[] = {2, 0, 3};

static int
setup(void **state)
{
    fixture_setup(state);
    Fixture *f = *state;
    fixture_publish(f, "a", 1, disk_a, 2);
    fixture_publish(f, "b", 1, disk_b, 3);
    return 0;
}

static char *
chunk_object(unsigned seed)
{
    char hex[PUP_NAME_HEX_LEN + 1];
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    PupName name;
    fixture_chunk(seed, plain, &name);
    pup_name_to_hex(&name, hex);
    return g_strdup_printf("chunk %s", hex);
}

static const PupFsckFinding *
find(const PupFsckReport *report, const char *object)
{
    for (guint i = 0; i < report->findings->len; i++) {
        const PupFsckFinding *finding = g_ptr_array_index(report->findings, i);
        if (strcmp(finding->object, object) == 0)
            return finding;
    }
    return NULL;
}

/* Fails unless @report has a finding on @object that harms just @versions ("a@1 b@1"). */
static void
assert_finding(const PupFsckReport *report, const char *object, const char *versions)
{
    const PupFsckFinding *finding = find(report, object);
    if (!finding)
        fail_msg("nothing said of %s", object);
    assert_false(finding->harmless);
    g_autofree char *said = g_strjoinv(" ", finding->versions);
    assert_string_equal(said, versions);
}

/* Fails unless some finding harms @version. */
static void
assert_harmed(const PupFsckReport *report, const char *version)
{
    for (guint i = 0; i < report->findings->len; i++) {
        const PupFsckFinding *finding = g_ptr_array_index(report->findings, i);
        if (g_strv_contains((const char *const *) finding->versions, version))
            return;
    }
    fail_msg("%s is said to be whole", version);
}

static void
assert_nothing(Fixture *f)
{
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    if (report->findings->len > 0) {
        const PupFsckFinding *finding = g_ptr_array_index(report->findings, 0);
        fail_msg("%s: %s", finding->object, finding->problem);
    }
}

/* The pack with the chunk of @seed; where its bytes are. Path is a new string. */
static char *
pack_of(Fixture *f, unsigned seed, PupExtent *extent)
{
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree char *link = NULL;
    PupName name;
    fixture_chunk(seed, plain, &name);
    assert_true(pup_store_locate(f->store, &name, extent, NULL));
    link = g_strdup_printf("/proc/self/fd/%d", extent->fd);
    return g_file_read_link(link, NULL);
}

static void
flip(const char *path, guint64 at)
{
    g_autoptr(GByteArray) bytes = fixture_read(path);
    assert_true(at < bytes->len);
    bytes->data[at] ^= 0x10;
    fixture_write(path, bytes->data, bytes->len);
}

static void
test_clean(void **state)
{
    Fixture *f = *state;
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_int_equal(report->findings->len, 0);
    assert_int_equal(report->n_versions, 2);
    assert_int_equal(report->n_packs, 2);
    assert_int_equal(report->n_chunks, 5);
    assert_true(report->bytes > 0);
    assert_nothing(f);
}

static void
test_damaged_chunk(void **state)
{
    static const struct {
        unsigned seed;
        const char *versions;
    } cases[] = {{1, "a@1"}, {2, "a@1 b@1"}, {3, "b@1"}};
    Fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        PupExtent extent;
        g_autofree char *path = pack_of(f, cases[i].seed, &extent);
        guint64 middle = extent.offset + extent.length / 2;
        flip(path, middle);
        g_autofree char *object = chunk_object(cases[i].seed);
        g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
        assert_finding(report, object, cases[i].versions);
        assert_int_equal(fixture_n_harmful(report), 1);
        assert_non_null(strstr(find(report, object)->problem, "pack "));
        flip(path, middle);
        pup_extent_clear(&extent);
    }
    assert_nothing(f);
}

static void
test_damaged_boot_profile(void **state)
{
    Fixture *f = *state;
    PupExtent extent;
    f->boot_profile = 9;
    fixture_publish(f, "a", 2, disk_a, 2);
    assert_nothing(f);
    g_autofree char *path = pack_of(f, 9, &extent);
    flip(path, extent.offset + extent.length / 2);
    pup_extent_clear(&extent);
    g_autofree char *object = chunk_object(9);
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_finding(report, object, "a@2");
    assert_int_equal(fixture_n_harmful(report), 1);
}

/* Each byte of a pack: whatever is flipped is found, but for the few bits of a zstd frame
 * that mean nothing: then every version is what it was. */
static void
test_each_byte_of_a_pack(void **state)
{
    Fixture *f = *state;
    PupExtent extent;
    g_autofree char *path = pack_of(f, 3, &extent);
    g_autoptr(GByteArray) good = fixture_read(path);
    guint n_found = 0;
    pup_extent_clear(&extent);
    for (guint i = 0; i < good->len; i++) {
        g_autoptr(GError) error = NULL;
        PupFsckReport *report = NULL;
        good->data[i] ^= (guint8) (1u << (i % 8));
        fixture_write(path, good->data, good->len);
        gboolean done = pup_fsck(f->store, f->public, FALSE, NULL, NULL, &report, &error);
        /* A flip in the format's number makes it a newer pack: refused whole. */
        if (!done)
            assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_UNSUPPORTED));
        else if (fixture_n_harmful(report) == 0 &&
                 (!fixture_matches(f, f->store, "a", 1, disk_a, 2, &error) ||
                  !fixture_matches(f, f->store, "b", 1, disk_b, 3, &error)))
            fail_msg("byte %u flipped, nothing found: %s", i, error->message);
        else
            n_found += fixture_n_harmful(report) > 0;
        pup_fsck_report_free(report);
        good->data[i] ^= (guint8) (1u << (i % 8));
    }
    assert_true(n_found > good->len - good->len / 20);
}

static void
test_pack_cut(void **state)
{
    Fixture *f = *state;
    PupExtent extent;
    g_autofree char *path = pack_of(f, 3, &extent);
    g_autoptr(GByteArray) good = fixture_read(path);
    guint64 last = good->len - PUP_PACK_RECORD_BYTES;
    pup_extent_clear(&extent);
    for (guint len = 0; len < good->len; len += 7) {
        fixture_write(path, good->data, len);
        g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
        assert_true(fixture_n_harmful(report) > 0);
        if (len < last)
            assert_harmed(report, "b@1");
    }
}

static void
test_pack_gone(void **state)
{
    Fixture *f = *state;
    PupExtent extent;
    g_autofree char *path = pack_of(f, 1, &extent);
    pup_extent_clear(&extent);
    assert_int_equal(unlink(path), 0);
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_harmed(report, "a@1");
    assert_harmed(report, "b@1");                   /* its chunk 2 was there */
    assert_int_equal(fixture_n_harmful(report), 1); /* the pack, not each of its chunks */
    const PupFsckFinding *pack = g_ptr_array_index(report->findings, 0);
    assert_non_null(strstr(pack->problem, "is gone, only its index is left: 2 chunks"));
    assert_int_equal(g_strv_length(pack->versions), 2);
    g_autoptr(PupFsckReport) repair = fixture_fsck(f, TRUE);
    assert_non_null(repair);
    g_autoptr(PupFsckReport) after = fixture_fsck(f, FALSE);
    assert_harmed(after, "a@1"); /* nothing brings it back */
    assert_int_equal(fixture_n_harmful(after), 1);
    g_auto(GStrv) files = fixture_list(f, "packs", "");
    assert_int_equal(g_strv_length(files), 2);
}

/* Each byte of an index flipped, or the index cut: named; repair makes it as it was. */
static void
test_index(void **state)
{
    Fixture *f = *state;
    PupExtent extent;
    g_autofree char *pack = pack_of(f, 3, &extent);
    g_autofree char *base = g_strndup(pack, strlen(pack) - strlen(".pack"));
    g_autofree char *path = g_strconcat(base, ".idx", NULL);
    g_autofree char *id = g_path_get_basename(base);
    g_autofree char *object = g_strdup_printf("index %s", id);
    pup_extent_clear(&extent);
    g_autoptr(GByteArray) good = fixture_read(path);
    for (guint i = 0; i < good->len; i += 5) {
        g_autoptr(GByteArray) bad = fixture_read(path);
        if (i >= 8 && i < 12)
            continue; /* the format's number */
        bad->data[i] ^= 0x01;
        fixture_write(path, bad->data, i % 2 ? bad->len : i);
        g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
        assert_finding(report, object, "");
        assert_int_equal(fixture_n_harmful(report), 1); /* the pack has it all */
        g_autoptr(PupFsckReport) repair = fixture_fsck(f, TRUE);
        assert_finding(repair, object, "");
        g_autoptr(GByteArray) made = fixture_read(path);
        assert_int_equal(made->len, good->len);
        assert_memory_equal(made->data, good->data, good->len);
    }
    assert_nothing(f);
}

static void
test_index_gone(void **state)
{
    Fixture *f = *state;
    PupExtent extent;
    g_autofree char *pack = pack_of(f, 3, &extent);
    g_autofree char *path = g_strndup(pack, strlen(pack) - strlen("pack"));
    g_autofree char *index = g_strconcat(path, "idx", NULL);
    pup_extent_clear(&extent);
    assert_int_equal(unlink(index), 0);
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_harmed(report, "b@1");
    const PupFsckFinding *last =
        g_ptr_array_index(report->findings, report->findings->len - 1);
    assert_non_null(strstr(last->problem, "--repair"));
    g_autoptr(PupFsckReport) repair = fixture_fsck(f, TRUE);
    fixture_assert_clean(repair);
    assert_nothing(f);
    assert_true(fixture_matches(f, f->store, "b", 1, disk_b, 3, NULL));
}

static void
test_manifest(void **state)
{
    static const struct {
        const char *file, *object, *versions;
    } cases[] = {
        {"manifests/rooms/a/1.json", "manifest a@1", "a@1"},
        {"manifests/rooms/b/1.json.sig", "manifest b@1", "b@1"},
    };
    Fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = fixture_path(f, "%s", cases[i].file);
        g_autoptr(GByteArray) good = fixture_read(path);
        for (guint at = 0; at < good->len; at += 7) {
            /* The comment of a signature says nothing; only its line must be there. */
            gboolean comment = i == 1 && at < good->len - 100;
            good->data[at] ^= 0x02;
            fixture_write(path, good->data, good->len);
            g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
            if (!comment)
                assert_finding(report, cases[i].object, cases[i].versions);
            good->data[at] ^= 0x02;
        }
        for (guint len = 0; len < good->len; len += 11) {
            fixture_write(path, good->data, len);
            g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
            if (len + 1 < good->len) /* a signature needs no newline at its end */
                assert_finding(report, cases[i].object, cases[i].versions);
        }
        fixture_write(path, good->data, good->len);
    }
    assert_nothing(f);
}

static void
test_signed_with_another_key(void **state)
{
    Fixture *f = *state;
    g_autoptr(PupSecretKey) other = pup_secret_key_generate(NULL);
    g_autofree char *path = fixture_path(f, "manifests/rooms/a/1.json");
    g_autofree char *sig_path = g_strconcat(path, ".sig", NULL);
    g_autoptr(GByteArray) text = fixture_read(path);
    g_autofree char *sig = pup_sign(other, text->data, text->len);
    fixture_write(sig_path, sig, strlen(sig));
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_finding(report, "manifest a@1", "a@1");
    /* Without a key that cannot be seen, and is said. */
    PupFsckReport *blind = NULL;
    assert_true(pup_fsck(f->store, NULL, FALSE, NULL, NULL, &blind, NULL));
    assert_int_equal(fixture_n_harmful(blind), 0);
    assert_non_null(find(blind, "signatures"));
    pup_fsck_report_free(blind);
}

/* A whole, signed manifest in another's place. */
static void
test_manifest_of_another(void **state)
{
    Fixture *f = *state;
    static const char *const suffixes[] = {"", ".sig"};
    for (int i = 0; i < 2; i++) {
        g_autofree char *from =
            fixture_path(f, "manifests/rooms/b/1.json%s", suffixes[i]);
        g_autofree char *to = fixture_path(f, "manifests/rooms/a/1.json%s", suffixes[i]);
        g_autoptr(GByteArray) text = fixture_read(from);
        fixture_write(to, text->data, text->len);
    }
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_finding(report, "manifest a@1", "a@1");
    assert_non_null(strstr(find(report, "manifest a@1")->problem, "b@1"));
}

static void
test_name_without_version(void **state)
{
    Fixture *f = *state;
    g_autofree char *path = fixture_path(f, "names/rooms/a");
    fixture_write(path, "2\n", 2);
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_finding(report, "name a", "");
    assert_int_equal(unlink(path), 0);
    g_autoptr(PupFsckReport) gone = fixture_fsck(f, FALSE);
    assert_int_equal(fixture_n_harmful(gone), 0);
    assert_true(find(gone, "name a")->harmless);
}

/* The head of a record is gone, its bytes are whole: still served, found, and healed. */
static void
test_damaged_head(void **state)
{
    Fixture *f = *state;
    PupExtent extent;
    g_autofree char *path = pack_of(f, 1, &extent);
    flip(path, extent.offset - 20);
    pup_extent_clear(&extent);
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_true(fixture_n_harmful(report) > 0);
    g_autofree char *object = chunk_object(1);
    assert_null(find(report, object));
    g_autoptr(PupFsckReport) repair = fixture_fsck(f, TRUE);
    assert_non_null(repair);
    assert_nothing(f);
    assert_true(fixture_matches(f, f->store, "a", 1, disk_a, 2, NULL));
}

/* After repair a damaged chunk is missing, so the next publish of it heals the store. */
static void
test_repair_then_publish(void **state)
{
    Fixture *f = *state;
    PupExtent extent;
    g_autofree char *path = pack_of(f, 2, &extent);
    g_autofree char *object = chunk_object(2);
    flip(path, extent.offset + extent.length - 1);
    pup_extent_clear(&extent);
    fixture_publish(f, "c", 1, disk_a, 2); /* believes that it is there */
    g_autoptr(PupFsckReport) report = fixture_fsck(f, FALSE);
    assert_finding(report, object, "a@1 b@1 c@1");
    g_autoptr(PupFsckReport) repair = fixture_fsck(f, TRUE);
    assert_finding(repair, object, "a@1 b@1 c@1");
    g_autoptr(PupFsckReport) after = fixture_fsck(f, FALSE);
    assert_finding(after, object, "a@1 b@1 c@1");
    assert_int_equal(after->findings->len, 1); /* all else is whole */
    fixture_publish(f, "c", 2, disk_a, 2);
    assert_nothing(f);
    assert_true(fixture_matches(f, f->store, "b", 1, disk_b, 3, NULL));
}

/* No PC needs it, and nothing brings it back: not even gc stops for it. */
static void
test_boot_profile_lost(void **state)
{
    Fixture *f = *state;
    PupExtent extent;
    PupGcReport gc;
    f->boot_profile = 9;
    fixture_publish(f, "c", 1, disk_a, 2);
    g_autofree char *path = pack_of(f, 9, &extent);
    flip(path, extent.offset + extent.length - 1);
    pup_extent_clear(&extent);
    g_autoptr(PupFsckReport) repair = fixture_fsck(f, TRUE);
    assert_int_equal(fixture_n_harmful(repair), 1); /* the chunk */
    g_autoptr(PupFsckReport) after = fixture_fsck(f, FALSE);
    assert_int_equal(fixture_n_harmful(after), 0);
    assert_non_null(find(after, "boot profile of c@1"));
    assert_true(pup_gc(f->store, FALSE, NULL, NULL, &gc, NULL));
    assert_true(fixture_matches(f, f->store, "c", 1, disk_a, 2, NULL));
}

static void
test_leftovers(void **state)
{
    static const char *const files[] = {"packs/.0123456789abcdef0123456789abcdef.pack",
                                        "names/rooms/.a.a1B2c3", "canaries/.a.a1B2c3",
                                        "manifests/rooms/a/9.json.sig"};
    Fixture *f = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        g_autofree char *path = fixture_path(f, "%s", files[i]);
        fixture_write(path, "x", 1);
    }
    for (int repair = 0; repair < 2; repair++) {
        g_autoptr(PupFsckReport) report = fixture_fsck(f, repair);
        assert_int_equal(report->findings->len, G_N_ELEMENTS(files));
        assert_int_equal(fixture_n_harmful(report), 0);
    }
    assert_nothing(f);
}

/* A pack that holds nothing whole and has no index goes. */
static void
test_worthless_pack(void **state)
{
    Fixture *f = *state;
    g_autofree char *path =
        fixture_path(f, "packs/0123456789abcdef0123456789abcdef.pack");
    fixture_write(path, "x", 1);
    g_autoptr(PupFsckReport) repair = fixture_fsck(f, TRUE);
    assert_non_null(repair);
    assert_int_equal(access(path, F_OK), -1);
    assert_nothing(f);
}

static void
test_locks(void **state)
{
    Fixture *f = *state;
    PupFsckReport *report = NULL;
    g_autoptr(GError) error = NULL;
    g_autoptr(PupStoreWrite) write = pup_store_begin(f->store, NULL, NULL);
    assert_non_null(write);
    assert_false(pup_fsck(f->store, f->public, TRUE, NULL, NULL, &report, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_BUSY));
    assert_null(report);
    assert_nothing(f);
}

int
main(void)
{
#define FSCK_TEST(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        FSCK_TEST(test_clean),
        FSCK_TEST(test_damaged_chunk),
        FSCK_TEST(test_damaged_boot_profile),
        FSCK_TEST(test_each_byte_of_a_pack),
        FSCK_TEST(test_pack_cut),
        FSCK_TEST(test_pack_gone),
        FSCK_TEST(test_index),
        FSCK_TEST(test_index_gone),
        FSCK_TEST(test_manifest),
        FSCK_TEST(test_signed_with_another_key),
        FSCK_TEST(test_manifest_of_another),
        FSCK_TEST(test_name_without_version),
        FSCK_TEST(test_damaged_head),
        FSCK_TEST(test_repair_then_publish),
        FSCK_TEST(test_boot_profile_lost),
        FSCK_TEST(test_leftovers),
        FSCK_TEST(test_worthless_pack),
        FSCK_TEST(test_locks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
