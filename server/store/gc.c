/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Marking, the same for every backend. Versions share most of their map's pages, and each
 * is walked once. That a page is marked does not say that it was walked: a guest disk may
 * hold the very bytes of a page. A needed chunk that is nowhere stops gc before anything
 * is removed: a damaged store is looked at, not swept.
 *
 * Versions count wherever their name stands: a rollback may want them.
 */
#include "config.h"
#include "server/store/ops.h"

#include "lib/error.h"

typedef struct {
    PupStore *store;
    const PupGcOptions *options;
    PupSweep *sweep;
    GHashTable *walked; /* names of pages */
    guint8 *plain;      /* PUP_CHUNK_BYTES */
} Marking;

static gboolean
mark(Marking *marking, const PupName *name, GError **error)
{
    char hex[PUP_NAME_HEX_LEN + 1];
    if (pup_name_is_null(name) || marking->store->ops->sweep_mark(marking->sweep, name))
        return TRUE;
    pup_name_to_hex(name, hex);
    pup_error_set(error, PUP_ERROR_CORRUPT, "chunk %s is in no pack, run fsck", hex);
    return FALSE;
}

static gboolean
mark_page(Marking *marking, const PupName *page, GError **error)
{
    if (pup_name_is_null(page) || g_hash_table_contains(marking->walked, page))
        return TRUE;
    if (!mark(marking, page, error) ||
        !pup_store_get(marking->store, page, marking->plain, error))
        return FALSE;
    g_hash_table_add(marking->walked, g_memdup2(page, sizeof *page));
    for (size_t i = 0; i < PUP_PAGE_NAMES; i++) {
        PupName name;
        memcpy(&name, marking->plain + i * sizeof name, sizeof name);
        if (!mark(marking, &name, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
mark_manifest(Marking *marking, const PupManifest *manifest, GError **error)
{
    for (guint64 i = 0; i < manifest->n_pages; i++)
        if (!mark_page(marking, &manifest->pages[i], error))
            return FALSE;
    /* One that is lost leads to nothing that could go by mistake; fsck tells of it. */
    if (manifest->has_boot_profile)
        mark(marking, &manifest->boot_profile, NULL);
    return TRUE;
}

static gboolean
mark_version(Marking *marking, PupKind kind, const char *name, unsigned version,
             GError **error)
{
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GBytes) sig = NULL;
    g_autoptr(PupManifest) manifest = NULL;
    if (pup_store_manifest(marking->store, kind, name, version, &text, &sig, error))
        manifest = pup_manifest_parse(g_bytes_get_data(text, NULL),
                                      g_bytes_get_size(text), error);
    if (manifest && mark_manifest(marking, manifest, error))
        return TRUE;
    g_prefix_error(error, "%s@%u: ", name, version);
    return FALSE;
}

static gboolean
mark_versions(Marking *marking, PupKind kind, const char *name, GError **error)
{
    const PupGcOptions *options = marking->options;
    g_autoptr(GArray) versions =
        marking->store->ops->versions(marking->store, kind, name, error);
    for (guint i = 0; versions && i < versions->len; i++) {
        unsigned version = g_array_index(versions, unsigned, i);
        if (options->dry_run && options->is_leaving &&
            options->is_leaving(options->leaving_data, kind, name, version))
            continue;
        if (!mark_version(marking, kind, name, version, error))
            return FALSE;
    }
    return versions != NULL;
}

static gboolean
mark_kind(Marking *marking, PupKind kind, GError **error)
{
    const PupGcOptions *options = marking->options;
    g_auto(GStrv) owners = marking->store->ops->owners(marking->store, kind, error);
    if (!owners)
        return FALSE;
    guint total = g_strv_length(owners);
    for (guint i = 0; i < total; i++) {
        if (!mark_versions(marking, kind, owners[i], error))
            return FALSE;
        if (options->progress)
            options->progress(options->progress_data,
                              kind == PUP_KIND_MASTER ? "marking masters"
                                                      : "marking rooms",
                              i + 1, total);
    }
    return TRUE;
}

/* What cannot be read while marking is damage, whatever the reason: the message says it,
 * the code says that nothing was removed. */
static void
make_corrupt(GError **error)
{
    if (!error || !*error || (*error)->domain != PUP_ERROR)
        return;
    if ((*error)->code == PUP_ERROR_INVALID || (*error)->code == PUP_ERROR_NOT_FOUND)
        (*error)->code = PUP_ERROR_CORRUPT;
}

gboolean
pup_gc_with(PupStore *store, const PupGcOptions *options, PupGcReport *report,
            GError **error)
{
    PupGcReport found = {0};
    PupSweep *sweep = store->ops->sweep_begin(store, options->dry_run, error);
    if (!sweep)
        return FALSE;
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autoptr(GHashTable) walked =
        g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, NULL);
    Marking marking = {store, options, sweep, walked, plain};
    gboolean ok = mark_kind(&marking, PUP_KIND_MASTER, error) &&
                  mark_kind(&marking, PUP_KIND_ROOM, error);
    if (!ok)
        make_corrupt(error);
    else
        ok = store->ops->sweep_run(sweep, options->progress, options->progress_data,
                                   &found, error);
    store->ops->sweep_free(sweep);
    if (ok)
        *report = found;
    return ok;
}

gboolean
pup_gc(PupStore *store, gboolean dry_run, PupProgress progress, gpointer data,
       PupGcReport *report, GError **error)
{
    const PupGcOptions options = {
        .dry_run = dry_run, .progress = progress, .progress_data = data};

    return pup_gc_with(store, &options, report, error);
}
