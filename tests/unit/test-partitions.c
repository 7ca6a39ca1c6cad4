/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <zlib.h>

#include "lib/error.h"
#include "server/image/bytes.h"
#include "server/image/partitions.h"

#define SECTOR 512u
#define N_SECTORS 4096u

typedef struct {
    guint8 *bytes;
    guint64 len;
} Disk;

static gboolean
read_disk(gpointer data, guint64 offset, guint8 *buf, size_t len, GError **error)
{
    const Disk *disk = data;

    assert_true(offset <= disk->len && len <= disk->len - offset);
    memcpy(buf, disk->bytes + offset, len);
    return TRUE;
}

static void
put32(guint8 *p, guint32 value)
{
    value = GUINT32_TO_LE(value);
    memcpy(p, &value, sizeof value);
}

static void
put64(guint8 *p, guint64 value)
{
    value = GUINT64_TO_LE(value);
    memcpy(p, &value, sizeof value);
}

/* Entry @i of the table in sector @at. */
static void
put_entry(Disk *disk, guint64 at, unsigned i, guint8 type, guint32 first, guint32 n)
{
    guint8 *sector = disk->bytes + at * SECTOR;
    guint8 *entry = sector + 446 + 16 * i;

    entry[4] = type;
    put32(entry + 8, first);
    put32(entry + 12, n);
    sector[510] = 0x55;
    sector[511] = 0xaa;
}

static void
put_gpt_header(Disk *disk, unsigned sector_bytes, guint64 own, guint64 other,
               guint64 table, guint64 last_usable)
{
    guint8 *header = disk->bytes + own * sector_bytes;

    memcpy(header, "EFI PART", 8);
    put32(header + 8, 0x10000);
    put32(header + 12, 92);
    put32(header + 16, 0);
    put64(header + 24, own);
    put64(header + 32, other);
    put64(header + 40, 40);
    put64(header + 48, last_usable);
    put64(header + 72, table);
    put32(header + 80, 4);
    put32(header + 84, 128);
    put32(header + 88, (guint32) crc32(0, disk->bytes + table * sector_bytes, 4 * 128));
    put32(header + 16, (guint32) crc32(0, header, 92));
}

/* A GPT with one partition that ends at sector @last. */
static void
put_gpt(Disk *disk, unsigned sector_bytes, guint64 n_sectors, guint64 last)
{
    guint64 tables[] = {2, n_sectors - 2};

    put_entry(disk, 0, 0, 0xee, 1, 0xffffffff);
    for (unsigned i = 0; i < 2; i++) {
        guint8 *entry = disk->bytes + tables[i] * sector_bytes;
        memset(entry, 0x42, 32);
        put64(entry + 32, 40);
        put64(entry + 40, last);
    }
    put_gpt_header(disk, sector_bytes, 1, n_sectors - 1, tables[0], n_sectors - 3);
    put_gpt_header(disk, sector_bytes, n_sectors - 1, 1, tables[1], n_sectors - 3);
}

static gboolean
check(const Disk *disk, guint64 len, GError **error)
{
    Disk cut = {disk->bytes, len};
    PupPartitionDisk seen = {
        .name = "d.raw", .bytes = len, .read = read_disk, .data = &cut};

    return pup_partitions_check(&seen, error);
}

static void
assert_whole(const Disk *disk, guint64 len)
{
    GError *error = NULL;

    check(disk, len, &error);
    if (error)
        fail_msg("%s", error->message);
}

static void
assert_says(const Disk *disk, guint64 len, const char *words)
{
    g_autoptr(GError) error = NULL;

    assert_false(check(disk, len, &error));
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_CORRUPT));
    if (!strstr(error->message, words))
        fail_msg("'%s' is not in: %s", words, error->message);
}

static int
set_up(void **state)
{
    Disk *disk = g_new0(Disk, 1);

    disk->len = N_SECTORS * SECTOR;
    disk->bytes = g_malloc0(disk->len);
    *state = disk;
    return 0;
}

static int
tear_down(void **state)
{
    Disk *disk = *state;

    g_free(disk->bytes);
    g_free(disk);
    return 0;
}

static void
test_no_table(void **state)
{
    Disk *disk = *state;

    assert_whole(disk, disk->len);
    assert_whole(disk, 100);
    /* A boot sector with code where a table would be. */
    memset(disk->bytes + 440, 0x37, 70);
    disk->bytes[510] = 0x55;
    disk->bytes[511] = 0xaa;
    assert_whole(disk, 4 * SECTOR);
    /* A file system without a table. */
    memset(disk->bytes + 446, 0, 64);
    put_entry(disk, 0, 0, 0x07, 2048, 1u << 30);
    memcpy(disk->bytes + 3, "NTFS    ", 8);
    assert_whole(disk, disk->len);
}

static void
test_mbr(void **state)
{
    Disk *disk = *state;

    put_entry(disk, 0, 0, 0x07, 64, 1000);
    put_entry(disk, 0, 2, 0x83, 1064, 2000);
    assert_whole(disk, 3064 * SECTOR);
    assert_says(disk, 3063 * SECTOR,
                "partition 3 reaches to byte 1568768, and the disk "
                "ends at 1568256");
    assert_says(disk, 512, "partition 1 reaches");
}

static void
test_logical(void **state)
{
    Disk *disk = *state;

    put_entry(disk, 0, 1, 0x0f, 100, 3000);
    assert_whole(disk, 3100 * SECTOR); /* never written */
    put_entry(disk, 100, 0, 0x83, 10, 500);
    put_entry(disk, 100, 1, 0x05, 1000, 600);
    assert_says(disk, 3100 * SECTOR,
                "chain of logical partitions is broken at byte "
                "563200");
    put_entry(disk, 1100, 0, 0x83, 10, 1990);
    assert_whole(disk, 3100 * SECTOR);
    put_entry(disk, 1100, 0, 0x83, 10, 1991);
    assert_says(disk, 3100 * SECTOR, "one of its logical partitions reaches");
    /* A chain that goes round. */
    put_entry(disk, 1100, 0, 0, 0, 0);
    put_entry(disk, 1100, 1, 0x05, 1000, 600);
    assert_says(disk, 3100 * SECTOR, "is broken");
}

static void
test_gpt(void **state)
{
    Disk *disk = *state;

    put_gpt(disk, SECTOR, N_SECTORS, 4000);
    assert_whole(disk, disk->len);
    assert_says(disk, disk->len - SECTOR,
                "partition table (GPT) reaches to byte 2097152");
    assert_says(disk, 4000 * SECTOR, "partition 1 reaches to byte 2048512");
    /* What was cut off came back as zeros. */
    memset(disk->bytes + disk->len - SECTOR, 0, SECTOR);
    assert_says(disk, disk->len,
                "second copy of its partition table (GPT), at byte "
                "2096640, is missing");
}

static void
test_gpt_damaged(void **state)
{
    static const struct {
        size_t at;
        const char *words;
    } cases[] = {
        {SECTOR, "first copy"},                    /* the signature */
        {SECTOR + 72, "first copy"},               /* the header */
        {2 * SECTOR + 60, "first copy"},           /* the table */
        {(N_SECTORS - 2) * SECTOR, "second copy"}, /* the second one's */
        {N_SECTORS * SECTOR - 500, "second copy"}, /* its header */
    };
    Disk *disk = *state;

    put_gpt(disk, SECTOR, N_SECTORS, 4000);
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        disk->bytes[cases[i].at] ^= 1;
        assert_says(disk, disk->len, cases[i].words);
        disk->bytes[cases[i].at] ^= 1;
    }
    assert_whole(disk, disk->len);
    /* The last sector that there can be, behind which there is none. */
    put_gpt(disk, SECTOR, N_SECTORS, G_MAXUINT64);
    assert_says(disk, disk->len, "partition 1 reaches to byte");
    /* The first copy gives itself as the second one. */
    put_gpt(disk, SECTOR, N_SECTORS, 4000);
    put_gpt_header(disk, SECTOR, 1, 1, 2, N_SECTORS - 3);
    assert_says(disk, disk->len, "second copy");
}

static void
test_gpt_elsewhere(void **state)
{
    Disk *disk = *state;

    /* Of sectors of 4096 bytes; then the disk was enlarged. */
    put_gpt(disk, 4096, 500, 400);
    assert_whole(disk, 500 * 4096);
    assert_whole(disk, disk->len);
    assert_says(disk, 499 * 4096, "reaches to byte 2048000");
    /* One that was given up for an MBR does not count. */
    put_entry(disk, 0, 0, 0x07, 64, 100);
    assert_whole(disk, 499 * 4096);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_no_table), TEST(test_mbr),         TEST(test_logical),
        TEST(test_gpt),      TEST(test_gpt_damaged), TEST(test_gpt_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
