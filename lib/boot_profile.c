/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Merging sorts one table of (position, rank) for all profiles and walks it position by
 * position: some hundred thousand entries at most, whatever the size of the disk. Ranks
 * are relative, since a seat that was used at once has a longer profile than one that was
 * not, and medians, since a mean lets one odd seat move everything.
 */
#include "config.h"
#include "lib/boot_profile.h"

#include "lib/error.h"

static const char magic[8] = {'P', 'U', 'P', '-', 'B', 'O', 'O', 'T'};

typedef struct {
    char magic[8];
    guint32 format;
    guint32 n;
} Head;

G_STATIC_ASSERT(sizeof(Head) == PUP_BOOT_PROFILE_HEAD_BYTES);

GBytes *
pup_boot_profile_format(const guint32 *positions, guint n)
{
    g_return_val_if_fail(n <= PUP_BOOT_PROFILE_MAX, NULL);
    Head head = {.format = GUINT32_TO_LE(PUP_BOOT_PROFILE_FORMAT), .n = GUINT32_TO_LE(n)};
    memcpy(head.magic, magic, sizeof magic);
    GByteArray *bytes = g_byte_array_sized_new(sizeof head + n * 4);
    g_byte_array_append(bytes, (const guint8 *) &head, sizeof head);
    for (guint i = 0; i < n; i++) {
        guint32 position = GUINT32_TO_LE(positions[i]);
        g_byte_array_append(bytes, (const guint8 *) &position, sizeof position);
    }
    return g_byte_array_free_to_bytes(bytes);
}

/* The number of positions in the @len bytes at @data, all of them there; -1 on error. */
static gint64
check_head(const guint8 *data, size_t len, GError **error)
{
    Head head;
    if (len < sizeof head || memcmp(data, magic, sizeof magic) != 0) {
        pup_error_set(error, PUP_ERROR_INVALID, "these bytes are not a boot profile");
        return -1;
    }
    memcpy(&head, data, sizeof head);
    guint32 format = GUINT32_FROM_LE(head.format), n = GUINT32_FROM_LE(head.n);
    if (format > PUP_BOOT_PROFILE_FORMAT) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "boot profile: format %u, we know %u: made by a newer Pupitre",
                      format, PUP_BOOT_PROFILE_FORMAT);
        return -1;
    }
    size_t used = sizeof head + (size_t) MIN(n, PUP_BOOT_PROFILE_MAX) * 4;
    if (format == 0 || n > PUP_BOOT_PROFILE_MAX || len < used ||
        len > PUP_BOOT_PROFILE_MAX_BYTES || !pup_chunk_is_zero(data + used, len - used)) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "boot profile: %u positions and %zu bytes do not belong together",
                      n, len);
        return -1;
    }
    return n;
}

static int
compare_positions(gconstpointer a, gconstpointer b)
{
    guint32 left = *(const guint32 *) a, right = *(const guint32 *) b;
    return (left > right) - (left < right);
}

static gboolean
check_positions(const GArray *positions, guint64 n_chunks, GError **error)
{
    if (positions->len == 0)
        return TRUE;
    g_autoptr(GArray) sorted = g_array_copy((GArray *) positions);
    g_array_sort(sorted, compare_positions);
    const guint32 *at = (const guint32 *) sorted->data;
    if (at[sorted->len - 1] >= n_chunks) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "boot profile: position %u lies outside the disk of "
                      "%" G_GUINT64_FORMAT " chunks",
                      at[sorted->len - 1], n_chunks);
        return FALSE;
    }
    for (guint i = 1; i < sorted->len; i++)
        if (at[i] == at[i - 1]) {
            pup_error_set(error, PUP_ERROR_INVALID,
                          "boot profile: position %u stands in it twice", at[i]);
            return FALSE;
        }
    return TRUE;
}

GArray *
pup_boot_profile_parse(const void *data, size_t len, guint64 n_chunks, GError **error)
{
    gint64 n = check_head(data, len, error);
    if (n < 0)
        return NULL;
    g_autoptr(GArray) positions = g_array_sized_new(FALSE, FALSE, 4, (guint) n);
    g_array_set_size(positions, (guint) n);
    guint32 *at = (guint32 *) positions->data;
    if (n > 0)
        memcpy(at, (const guint8 *) data + sizeof(Head), (size_t) n * 4);
    for (gint64 i = 0; i < n; i++)
        at[i] = GUINT32_FROM_LE(at[i]);
    return check_positions(positions, n_chunks, error) ? g_steal_pointer(&positions)
                                                       : NULL;
}

/* A position and where it stands in a profile, in 2^-32 of the profile's length. */
typedef struct {
    guint32 position;
    guint32 rank;
} Place;

static int
compare_places(gconstpointer a, gconstpointer b)
{
    const Place *left = a, *right = b;
    if (left->position != right->position)
        return left->position < right->position ? -1 : 1;
    return (left->rank > right->rank) - (left->rank < right->rank);
}

static int
compare_ranks(gconstpointer a, gconstpointer b)
{
    const Place *left = a, *right = b;
    if (left->rank != right->rank)
        return left->rank < right->rank ? -1 : 1;
    return (left->position > right->position) - (left->position < right->position);
}

/* All positions of all @profiles, by position and then by rank. */
static GArray *
sorted_places(GPtrArray *profiles)
{
    GArray *places = g_array_new(FALSE, FALSE, sizeof(Place));
    for (guint p = 0; p < profiles->len; p++) {
        const GArray *profile = profiles->pdata[p];
        for (guint i = 0; i < profile->len; i++) {
            Place place = {g_array_index(profile, guint32, i),
                           (guint32) (((guint64) i << 32) / profile->len)};
            g_array_append_val(places, place);
        }
    }
    g_array_sort(places, compare_places);
    return places;
}

/* The median of the ranks of the @n places at @same, sorted. */
static guint32
median(const Place *same, guint n)
{
    return (guint32) (((guint64) same[(n - 1) / 2].rank + same[n / 2].rank) / 2);
}

GArray *
pup_boot_profile_merge(GPtrArray *profiles)
{
    g_autoptr(GArray) places = sorted_places(profiles);
    g_autoptr(GArray) kept = g_array_new(FALSE, FALSE, sizeof(Place));
    const Place *at = (const Place *) places->data;
    for (guint i = 0, n; i < places->len; i += n) {
        for (n = 1; i + n < places->len && at[i + n].position == at[i].position;)
            n++;
        Place place = {at[i].position, median(at + i, n)};
        if (n >= (profiles->len + 1) / 2)
            g_array_append_val(kept, place);
    }
    g_array_sort(kept, compare_ranks);
    guint n_merged = MIN(kept->len, PUP_BOOT_PROFILE_MAX);
    GArray *merged = g_array_sized_new(FALSE, FALSE, 4, n_merged);
    for (guint i = 0; i < n_merged; i++)
        g_array_append_val(merged, g_array_index(kept, Place, i).position);
    return merged;
}
