/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One pass over all versions. A chunk remembers the last version that needed it and
 * whether an earlier one did: what in the end is not shared is its version's own.
 * Versions share most of their map's pages; each page is read and looked up once and kept
 * as the numbers of its chunks (16 KiB), so that a further version that has it costs 4096
 * steps through an array. What does not fit into PAGES_MAX is read again.
 */
#include "config.h"
#include "server/store/usage.h"

#include "lib/error.h"
#include "server/store/census.h"
#include "server/store/ops.h"

#define PAGES_MAX 4096u
#define NULL_CHUNK G_MAXUINT32

typedef struct {
    PupStore *store;
    GCancellable *cancellable;
    PupCensus *census;
    GHashTable *pages;               /* PupName -> guint32[PUP_PAGE_NAMES] */
    guint32 scratch[PUP_PAGE_NAMES]; /* a page that is not kept */
    guint8 *plain;                   /* PUP_CHUNK_BYTES */
    PupUsage *usage;
    PupVersionUsage *version; /* that is being looked at */
    guint32 number;           /* its place in usage->versions, from 1 on */
} Survey;

static void
version_free(gpointer data)
{
    PupVersionUsage *version = data;
    g_free(version->name);
    g_free(version->master);
    g_free(version);
}

void
pup_usage_free(PupUsage *usage)
{
    if (!usage)
        return;
    g_ptr_array_unref(usage->versions);
    g_free(usage);
}

/* The number of @name, which must be in the store. */
static gboolean
number_of(Survey *survey, const PupName *name, gboolean is_page, guint32 *number,
          GError **error)
{
    gboolean fresh;
    PupExtent extent = {.fd = -1};
    guint32 found = pup_census_number(survey->census, name, &fresh);
    *number = found;
    if (!fresh)
        return TRUE;
    if (!pup_store_locate(survey->store, name, &extent, error))
        return FALSE;
    PupCensusChunk *chunk = pup_census_chunk(survey->census, found);
    chunk->encoded_bytes = extent.length;
    chunk->is_page = is_page ? 1 : 0;
    survey->usage->encoded_bytes += extent.length;
    pup_extent_clear(&extent);
    return TRUE;
}

/* The current version needs chunk @number. */
static void
need(Survey *survey, guint32 number)
{
    PupCensusChunk *chunk = pup_census_chunk(survey->census, number);
    if (chunk->version == survey->number)
        return;
    if (chunk->version != 0)
        chunk->shared = 1;
    chunk->version = survey->number;
    survey->version->encoded_bytes += chunk->encoded_bytes;
    if (!chunk->is_page)
        survey->version->shared_bytes += PUP_CHUNK_BYTES;
}

static gboolean
is_number_of(PupCensus *census, guint32 number, const PupName *name)
{
    return number < pup_census_n(census) &&
           pup_name_equal(&pup_census_chunk(census, number)->name, name);
}

static gboolean
read_page(Survey *survey, const PupName *page, guint32 *numbers, GError **error)
{
    if (!pup_store_get(survey->store, page, survey->plain, error))
        return FALSE;
    guint32 guess = 0;
    for (size_t i = 0; i < PUP_PAGE_NAMES; i++) {
        PupName name;
        memcpy(&name, survey->plain + i * sizeof name, sizeof name);
        if (pup_name_is_null(&name)) {
            numbers[i] = NULL_CHUNK;
            continue;
        }
        if (is_number_of(survey->census, guess, &name))
            numbers[i] = guess;
        else if (!number_of(survey, &name, FALSE, &numbers[i], error))
            return FALSE;
        guess = numbers[i] + 1;
    }
    return TRUE;
}

/* The numbers of @page's chunks; belongs to @survey, until the next call. */
static const guint32 *
page_numbers(Survey *survey, const PupName *page, GError **error)
{
    guint32 *numbers = g_hash_table_lookup(survey->pages, page);
    if (numbers)
        return numbers;
    if (!read_page(survey, page, survey->scratch, error))
        return NULL;
    if (g_hash_table_size(survey->pages) < PAGES_MAX)
        g_hash_table_insert(survey->pages, g_memdup2(page, sizeof *page),
                            g_memdup2(survey->scratch, sizeof survey->scratch));
    return survey->scratch;
}

static gboolean
walk_page(Survey *survey, const PupName *page, GError **error)
{
    guint32 number;
    if (pup_name_is_null(page))
        return TRUE;
    if (!number_of(survey, page, TRUE, &number, error))
        return FALSE;
    need(survey, number);
    const guint32 *numbers = page_numbers(survey, page, error);
    for (size_t i = 0; numbers && i < PUP_PAGE_NAMES; i++) {
        if (numbers[i] == NULL_CHUNK)
            continue;
        need(survey, numbers[i]);
        survey->version->allocated_bytes += PUP_CHUNK_BYTES;
    }
    return numbers != NULL;
}

static gboolean
walk_manifest(Survey *survey, const PupManifest *manifest, GError **error)
{
    guint32 number;
    for (guint64 i = 0; i < manifest->n_pages; i++)
        if (g_cancellable_set_error_if_cancelled(survey->cancellable, error) ||
            !walk_page(survey, &manifest->pages[i], error))
            return FALSE;
    if (!manifest->has_boot_profile)
        return TRUE;
    if (!number_of(survey, &manifest->boot_profile, TRUE, &number, error))
        return FALSE;
    need(survey, number);
    return TRUE;
}

static void
begin_version(Survey *survey, const PupManifest *manifest, unsigned current)
{
    PupVersionUsage *version = g_new0(PupVersionUsage, 1);
    version->kind = manifest->kind;
    version->name = g_strdup(manifest->name);
    version->version = manifest->version;
    version->current = manifest->version == current;
    version->master = g_strdup(manifest->master);
    version->master_version = manifest->master_version;
    version->disk_bytes = manifest->disk_bytes;
    g_ptr_array_add(survey->usage->versions, version);
    survey->version = version;
    survey->number = survey->usage->versions->len;
}

static gboolean
walk_version(Survey *survey, PupKind kind, const char *name, unsigned version,
             unsigned current, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GBytes) sig = NULL;
    g_autoptr(GError) why = NULL;
    g_autoptr(PupManifest) manifest = NULL;
    if (!pup_store_manifest(survey->store, kind, name, version, &text, &sig, &why)) {
        if (g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
            return TRUE; /* removed since it was listed */
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    manifest =
        pup_manifest_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), error);
    if (manifest) {
        begin_version(survey, manifest, current);
        if (walk_manifest(survey, manifest, error))
            return TRUE;
    }
    g_prefix_error(error, "%s@%u: ", name, version);
    return FALSE;
}

static gboolean
walk_name(Survey *survey, PupKind kind, const char *name, GError **error)
{
    g_autoptr(GArray) versions = pup_store_versions(survey->store, kind, name, error);
    unsigned current = pup_store_current(survey->store, kind, name, NULL);
    for (guint i = 0; versions && i < versions->len; i++)
        if (!walk_version(survey, kind, name, g_array_index(versions, unsigned, i),
                          current, error))
            return FALSE;
    return versions != NULL;
}

static gboolean
walk_kind(Survey *survey, PupKind kind, PupProgress progress, gpointer data,
          GError **error)
{
    g_auto(GStrv) names = survey->store->ops->owners(survey->store, kind, error);
    guint total = names ? g_strv_length(names) : 0;
    for (guint i = 0; i < total; i++) {
        if (!walk_name(survey, kind, names[i], error))
            return FALSE;
        if (progress)
            progress(data,
                     kind == PUP_KIND_MASTER ? "looking at masters" : "looking at rooms",
                     i + 1, total);
    }
    return names != NULL;
}

/* What nobody else needs is no longer counted as shared. */
static void
count_own(Survey *survey)
{
    for (guint32 i = 0; i < pup_census_n(survey->census); i++) {
        const PupCensusChunk *chunk = pup_census_chunk(survey->census, i);
        if (chunk->shared || chunk->version == 0)
            continue;
        PupVersionUsage *version =
            g_ptr_array_index(survey->usage->versions, chunk->version - 1);
        version->frees_bytes += chunk->encoded_bytes;
        if (chunk->is_page)
            continue;
        version->own_bytes += PUP_CHUNK_BYTES;
        version->shared_bytes -= PUP_CHUNK_BYTES;
    }
}

PupUsage *
pup_store_usage(PupStore *store, PupProgress progress, gpointer data,
                GCancellable *cancellable, GError **error)
{
    g_autoptr(PupUsage) usage = g_new0(PupUsage, 1);
    g_autoptr(PupCensus) census = pup_census_new();
    g_autoptr(GHashTable) pages =
        g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, g_free);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autofree Survey *survey = g_new0(Survey, 1);
    usage->versions = g_ptr_array_new_with_free_func(version_free);
    survey->store = store;
    survey->cancellable = cancellable;
    survey->census = census;
    survey->pages = pages;
    survey->plain = plain;
    survey->usage = usage;
    if (!walk_kind(survey, PUP_KIND_MASTER, progress, data, error) ||
        !walk_kind(survey, PUP_KIND_ROOM, progress, data, error))
        return NULL;
    count_own(survey);
    return g_steal_pointer(&usage);
}
