/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * qcow and qcow2: a table of tables of clusters. Only the tables of the disk as it is now
 * are walked, not those of the snapshots inside the file, which are not imported. The
 * last cluster may end where the disk does.
 */
#include "lib/chunk_map.h"
#include "server/image/bytes.h"
#include "server/image/whole.h"

#define QCOW2_OFFSET G_GUINT64_CONSTANT(0x00fffffffffffe00)
#define COMPRESSED_V1 (G_GUINT64_CONSTANT(1) << 63)
#define COMPRESSED (G_GUINT64_CONSTANT(1) << 62)
#define READS_ZERO 1u
#define TABLE_MAX (32u * 1024u * 1024u)
#define EXTENDED_L2 (1u << 4)

typedef struct {
    PupWholeFile *file;
    unsigned version;
    gboolean extended; /* entries of 16 bytes, with a map of their cluster */
    unsigned cluster_bits;
    guint64 cluster_bytes, table_bytes; /* of a cluster, of a table of the second level */
    guint64 disk_bytes;
    guint64 first_table, n_first; /* of the first level: where, and entries */
} Qcow;

static gboolean
set_damaged(const Qcow *qcow, GError **error)
{
    return pup_whole_set_damaged(qcow->file, "its header makes no sense", error);
}

static guint64
divide_up(guint64 a, guint64 b)
{
    return a / b + (a % b != 0);
}

/* What a table of the second level covers of the disk. */
static guint64
table_covers(const Qcow *qcow)
{
    return qcow->table_bytes / (qcow->extended ? 16 : 8) * qcow->cluster_bytes;
}

/* Of the cluster that @entry gives, whose map is @map: where its bytes end. @len of them
 * lie on the disk. 0: it has none. */
static guint64
cluster_end(const Qcow *qcow, guint64 entry, guint64 map, guint64 len)
{
    unsigned shift =
        qcow->version == 1 ? 63 - qcow->cluster_bits : 62 - (qcow->cluster_bits - 8);
    guint64 offset = entry & ((G_GUINT64_CONSTANT(1) << shift) - 1);

    if (qcow->version == 1 && (entry & COMPRESSED_V1))
        return offset + ((entry >> shift) & (qcow->cluster_bytes - 1));
    if (qcow->version > 1 && (entry & COMPRESSED))
        /* Counted in whole sectors, the last of which need not be there in full. */
        return (offset & ~G_GUINT64_CONSTANT(511)) + 1 +
               (((entry & ~(COMPRESSED | COMPRESSED_V1)) >> shift) << 9);
    if (qcow->version > 1)
        offset = entry & QCOW2_OFFSET;
    else
        offset = entry;
    if (offset == 0 ||
        (qcow->extended ? (guint32) map == 0 : qcow->version > 1 && (entry & READS_ZERO)))
        return 0;
    if (qcow->extended) /* 32 parts; the last that is there */
        len = MIN(len, qcow->cluster_bytes / 32 * g_bit_storage((guint32) map));
    return offset + len;
}

static gboolean
walk_table(const Qcow *qcow, guint64 table, guint64 at, guint8 *buf, GError **error)
{
    unsigned entry_bytes = qcow->extended ? 16 : 8;

    if (!pup_whole_read(qcow->file, table, buf, qcow->table_bytes, error))
        return FALSE;
    for (guint64 i = 0; i < qcow->table_bytes && at < qcow->disk_bytes;
         i += entry_bytes) {
        guint64 map = qcow->extended ? pup_be64(buf + i + 8) : 0;
        guint64 len = MIN(qcow->cluster_bytes, qcow->disk_bytes - at);
        pup_whole_promise(qcow->file, cluster_end(qcow, pup_be64(buf + i), map, len));
        at += qcow->cluster_bytes;
    }
    return TRUE;
}

static gboolean
walk(const Qcow *qcow, GError **error)
{
    g_autofree guint8 *buf = g_malloc(qcow->table_bytes);
    g_autofree guint8 *first = g_malloc(qcow->n_first * 8);

    if (!pup_whole_read(qcow->file, qcow->first_table, first, qcow->n_first * 8, error))
        return FALSE;
    for (guint64 i = 0; i < qcow->n_first; i++) {
        guint64 table = pup_be64(first + i * 8);
        if (qcow->version > 1)
            table &= QCOW2_OFFSET;
        if (table && !walk_table(qcow, table, i * table_covers(qcow), buf, error))
            return FALSE;
    }
    return pup_whole_kept(qcow->file, error);
}

/* The reference counts: @n_clusters of offsets of clusters at @table. */
static gboolean
walk_counts(const Qcow *qcow, guint64 table, guint64 n_clusters, GError **error)
{
    guint64 len = n_clusters * qcow->cluster_bytes;
    g_autofree guint8 *buf = NULL;

    if (n_clusters > TABLE_MAX / qcow->cluster_bytes)
        return set_damaged(qcow, error);
    buf = g_malloc(len + 1);
    if (!pup_whole_read(qcow->file, table, buf, len, error))
        return FALSE;
    for (guint64 i = 0; i + 8 <= len; i += 8) {
        guint64 offset = pup_be64(buf + i) & QCOW2_OFFSET;
        if (offset)
            pup_whole_promise(qcow->file, offset + qcow->cluster_bytes);
    }
    return TRUE;
}

/* Geometry that both share, from what the header said. */
static gboolean
set_geometry(Qcow *qcow, unsigned cluster_bits, unsigned table_bits, guint64 disk_bytes)
{
    if (cluster_bits < 9 || cluster_bits > 21 || table_bits < 6 || table_bits > 21 ||
        disk_bytes > PUP_DISK_MAX_BYTES)
        return FALSE;
    qcow->cluster_bits = cluster_bits;
    qcow->cluster_bytes = G_GUINT64_CONSTANT(1) << cluster_bits;
    qcow->table_bytes = G_GUINT64_CONSTANT(1) << table_bits;
    qcow->disk_bytes = disk_bytes;
    qcow->n_first = divide_up(disk_bytes, table_covers(qcow));
    return qcow->n_first <= TABLE_MAX / 8;
}

static gboolean
check_v1(Qcow *qcow, const guint8 *header, GError **error)
{
    if (header[33] > 18 ||
        !set_geometry(qcow, header[32], header[33] + 3u, pup_be64(header + 24)))
        return set_damaged(qcow, error);
    qcow->first_table = pup_be64(header + 40);
    return walk(qcow, error);
}

static gboolean
check_v2(Qcow *qcow, const guint8 *header, GError **error)
{
    guint32 bits = pup_be32(header + 20);

    qcow->extended = qcow->version > 2 && (pup_be64(header + 72) & EXTENDED_L2);
    if (!set_geometry(qcow, bits, bits, pup_be64(header + 24)) ||
        qcow->n_first > pup_be32(header + 36))
        return set_damaged(qcow, error);
    qcow->first_table = pup_be64(header + 40);
    return walk_counts(qcow, pup_be64(header + 48), pup_be32(header + 56), error) &&
           walk(qcow, error);
}

gboolean
pup_whole_qcow(PupWholeFile *file, GError **error)
{
    guint8 header[104] = {0};
    Qcow qcow = {.file = file};

    if (!pup_whole_read(file, 0, header, 48, error))
        return FALSE;
    qcow.version = pup_be32(header + 4);
    if (qcow.version == 1)
        return check_v1(&qcow, header, error);
    return pup_whole_read(file, 0, header, qcow.version == 2 ? 72 : sizeof header,
                          error) &&
           check_v2(&qcow, header, error);
}
