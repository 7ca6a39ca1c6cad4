/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/record.h"

#include <stddef.h>

static void
sum_of(const PupRecord *record, PupName *sum)
{
    pup_name_of(record, offsetof(PupRecord, check), sum);
}

void
pup_record_fill(PupRecord *record, const PupName *name, guint32 length)
{
    PupName sum;

    memset(record, 0, sizeof *record);
    memcpy(record->magic, name ? PUP_RECORD_MAGIC : PUP_RECORD_END_MAGIC,
           sizeof record->magic);
    record->length = GUINT32_TO_LE(length);
    if (name)
        record->name = *name;
    sum_of(record, &sum);
    memcpy(record->check, sum.bytes, sizeof record->check);
}

PupRecordType
pup_record_check(const PupRecord *record)
{
    gboolean chunk = memcmp(record->magic, PUP_RECORD_MAGIC, sizeof record->magic) == 0;
    gboolean end = memcmp(record->magic, PUP_RECORD_END_MAGIC, sizeof record->magic) == 0;
    guint32 length = GUINT32_FROM_LE(record->length);
    PupName sum;

    if (!chunk && !end)
        return PUP_RECORD_BAD;
    sum_of(record, &sum);
    if (memcmp(record->check, sum.bytes, sizeof record->check) != 0)
        return PUP_RECORD_BAD;
    if (end)
        return PUP_RECORD_END;
    if (length < 2 || length > PUP_CHUNK_ENCODED_MAX || pup_name_is_null(&record->name))
        return PUP_RECORD_BAD;
    return PUP_RECORD_CHUNK;
}
