/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * name - the name of a chunk: SHA-256 of its plain bytes
 *
 * All-zero is the null name, "a chunk of zeros": it has no bytes anywhere, is never
 * stored, sent or asked for. Pure; any thread.
 */
#pragma once

#include <glib.h>
#include <string.h>

#define PUP_NAME_BYTES 32
#define PUP_NAME_HEX_LEN 64

typedef struct {
    guint8 bytes[PUP_NAME_BYTES];
} PupName;

/* The name of @len plain bytes at @data (never the null name). */
void pup_name_of(const void *data, size_t len, PupName *name);

static inline gboolean
pup_name_is_null(const PupName *name)
{
    static const PupName null_name;
    return memcmp(name, &null_name, sizeof *name) == 0;
}

static inline int
pup_name_cmp(const PupName *a, const PupName *b)
{
    return memcmp(a->bytes, b->bytes, PUP_NAME_BYTES);
}

static inline gboolean
pup_name_equal(const PupName *a, const PupName *b)
{
    return pup_name_cmp(a, b) == 0;
}

/* For GHashTable with PupName keys (signature of GHashFunc and GEqualFunc). */
guint pup_name_hash(gconstpointer name);
gboolean pup_name_hash_equal(gconstpointer a, gconstpointer b);

/* Write 64 lower-case hex digits and a NUL to @hex. */
void pup_name_to_hex(const PupName *name, char hex[PUP_NAME_HEX_LEN + 1]);

/* Parse exactly 64 lower-case hex digits (a chunk has one URL, so upper case is refused).
 * @len is the length of @hex, which need not end in NUL. Errors: INVALID. */
gboolean pup_name_from_hex(const char *hex, size_t len, PupName *name, GError **error);
