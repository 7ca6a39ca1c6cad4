/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of backends, and what is the same for all of them: checking what comes in,
 * and decoding.
 */
#include "config.h"
#include "server/store/ops.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "lib/nearest.h"

/* Of the versions of a room that was asked for another one. */
#define LISTED_VERSIONS 8u

static const PupStoreOps *const backends[] = {
    &pup_dir_ops,
};

/* The backend of @uri; *@path is what stands behind "SCHEME:". */
static const PupStoreOps *
find_backend(const char *uri, const char **path, GError **error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(backends); i++) {
        size_t len = strlen(backends[i]->scheme);
        if (strncmp(uri, backends[i]->scheme, len) == 0 && uri[len] == ':' &&
            uri[len + 1]) {
            *path = uri + len + 1;
            return backends[i];
        }
    }
    pup_error_set(error, PUP_ERROR_INVALID,
                  "'%s' is no store: it should be like 'dir:/var/lib/pupitre/store'",
                  uri);
    return NULL;
}

gboolean
pup_store_create(const char *uri, GError **error)
{
    const char *path;
    const PupStoreOps *ops = find_backend(uri, &path, error);
    return ops && ops->create(path, error);
}

static void
free_codec(gpointer codec)
{
    pup_chunk_codec_free(codec);
}

PupStore *
pup_store_open(const char *uri, GError **error)
{
    const char *path;
    const PupStoreOps *ops = find_backend(uri, &path, error);
    PupStore *store = ops ? ops->open(path, error) : NULL;
    if (!store)
        return NULL;
    store->ops = ops;
    store->codecs = g_async_queue_new_full(free_codec);
    return store;
}

void
pup_store_free(PupStore *store)
{
    if (!store)
        return;
    g_async_queue_unref(store->codecs);
    store->ops->free(store);
}

gboolean
pup_store_locate(PupStore *store, const PupName *name, PupExtent *extent, GError **error)
{
    if (pup_name_is_null(name)) {
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "the null chunk has no bytes anywhere");
        return FALSE;
    }
    return store->ops->locate(store, name, extent, error);
}

void
pup_extent_clear(PupExtent *extent)
{
    PupHold *hold = extent->hold;
    if (hold)
        hold->release(hold);
    *extent = (PupExtent){.fd = -1};
}

/* A codec that nobody uses: as many are made as threads ever decode at once. */
static PupChunkCodec *
take_codec(PupStore *store)
{
    PupChunkCodec *codec = g_async_queue_try_pop(store->codecs);
    return codec ? codec : pup_chunk_codec_new(PUP_CHUNK_LEVEL);
}

static gboolean
read_extent(PupStore *store, const PupExtent *extent, const PupName *name, guint8 *plain,
            GError **error)
{
    const PupHold *hold = extent->hold;
    g_autofree guint8 *encoded = g_malloc(extent->length);
    if (!pup_file_pread(extent->fd, encoded, extent->length, (off_t) extent->offset,
                        hold->where, error))
        return FALSE;
    PupChunkCodec *codec = take_codec(store);
    gboolean ok = pup_chunk_decode(codec, encoded, extent->length, name, plain, error);
    g_async_queue_push(store->codecs, codec);
    if (!ok)
        g_prefix_error(error, "%s, at byte %" G_GUINT64_FORMAT ": ", hold->where,
                       extent->offset);
    return ok;
}

gboolean
pup_store_get(PupStore *store, const PupName *name, guint8 *plain, GError **error)
{
    if (pup_name_is_null(name)) {
        memset(plain, 0, PUP_CHUNK_BYTES);
        return TRUE;
    }
    PupExtent extent = {.fd = -1};
    if (!store->ops->locate(store, name, &extent, error))
        return FALSE;
    gboolean ok = read_extent(store, &extent, name, plain, error);
    pup_extent_clear(&extent);
    return ok;
}

static const char *
kind_word(PupKind kind)
{
    return kind == PUP_KIND_MASTER ? "master" : "room";
}

static gboolean
check_version(PupKind kind, const char *name, unsigned version, GError **error)
{
    if (!pup_ident_check(kind_word(kind), name, error))
        return FALSE;
    if (version > 0)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID, "%s '%s': there is no version 0",
                  kind_word(kind), name);
    return FALSE;
}

/* "1, 2, 5" of the last ones there are, for people. */
static char *
list_versions(const GArray *versions)
{
    g_autoptr(GString) text = g_string_new(NULL);
    guint first = versions->len > LISTED_VERSIONS ? versions->len - LISTED_VERSIONS : 0;

    for (guint i = first; i < versions->len; i++)
        g_string_append_printf(text, "%s%u",
                               text->len ? ", "
                               : first   ? "..., "
                                         : "",
                               g_array_index(versions, unsigned, i));
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Add to a backend's NOT_FOUND of @name's @version (0: of any) what there is instead.
 * FALSE, as what failed. */
static gboolean
explain_missing(PupStore *store, PupKind kind, const char *name, unsigned version,
                GError **error)
{
    g_autoptr(GArray) versions = NULL;
    g_auto(GStrv) names = NULL;
    g_autofree char *text = NULL;

    if (!error || !g_error_matches(*error, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        return FALSE;
    versions = store->ops->versions(store, kind, name, NULL);
    if (!versions || (versions->len == 0 && kind == PUP_KIND_ROOM))
        return FALSE;
    if (versions->len == 0) {
        names = store->ops->names(store, kind, NULL);
        g_autofree char *hint = pup_nearest_hint(name, names);
        text = g_strdup_printf("there is no master '%s'%s", name, hint);
    } else if (version > 0) {
        g_autofree char *there = list_versions(versions);
        text = g_strdup_printf("%s; it has %s", (*error)->message, there);
    }
    if (text) {
        g_clear_error(error);
        pup_error_set(error, PUP_ERROR_NOT_FOUND, "%s", text);
    }
    return FALSE;
}

gboolean
pup_store_manifest(PupStore *store, PupKind kind, const char *name, unsigned version,
                   GBytes **manifest, GBytes **signature, GError **error)
{
    if (!check_version(kind, name, version, error))
        return FALSE;
    return store->ops->manifest(store, kind, name, version, manifest, signature, error) ||
           explain_missing(store, kind, name, version, error);
}

unsigned
pup_store_current(PupStore *store, PupKind kind, const char *name, GError **error)
{
    if (!pup_ident_check(kind_word(kind), name, error))
        return 0;
    unsigned version = store->ops->current(store, kind, name, error);
    if (version == 0)
        explain_missing(store, kind, name, 0, error);
    return version;
}

char **
pup_store_names(PupStore *store, PupKind kind, GError **error)
{
    return store->ops->names(store, kind, error);
}

GArray *
pup_store_versions(PupStore *store, PupKind kind, const char *name, GError **error)
{
    if (!pup_ident_check(kind_word(kind), name, error))
        return NULL;
    return store->ops->versions(store, kind, name, error);
}

gboolean
pup_store_set_current(PupStore *store, PupKind kind, const char *name, unsigned version,
                      GError **error)
{
    if (!check_version(kind, name, version, error))
        return FALSE;
    return store->ops->set_current(store, kind, name, version, error) ||
           explain_missing(store, kind, name, version, error);
}

gboolean
pup_store_canary(PupStore *store, const char *room, PupCanary *canary, GError **error)
{
    return pup_ident_check(kind_word(PUP_KIND_ROOM), room, error) &&
           store->ops->canary(store, room, canary, error);
}

gboolean
pup_store_set_canary(PupStore *store, const char *room, const PupCanary *canary,
                     GError **error)
{
    return pup_ident_check(kind_word(PUP_KIND_ROOM), room, error) &&
           store->ops->set_canary(store, room, canary, error);
}

gboolean
pup_store_is_canary(PupStore *store, const char *room, const char *mac)
{
    PupCanary canary = {0};
    return pup_store_canary(store, room, &canary, NULL) && canary.version > 0 &&
           strcmp(canary.seat, mac) == 0;
}

unsigned
pup_store_version_for(PupStore *store, const char *room, const char *mac, GError **error)
{
    PupCanary canary = {0};
    if (pup_store_canary(store, room, &canary, NULL) && canary.version > 0 &&
        strcmp(canary.seat, mac) == 0)
        return canary.version;
    return pup_store_current(store, PUP_KIND_ROOM, room, error);
}

gboolean
pup_store_remove(PupStore *store, PupKind kind, const char *name, GError **error)
{
    return pup_ident_check(kind_word(kind), name, error) &&
           store->ops->remove(store, kind, name, error);
}

gboolean
pup_store_remove_versions(PupStore *store, PupKind kind, const char *name,
                          const GArray *versions, unsigned *n_gone, GError **error)
{
    return pup_ident_check(kind_word(kind), name, error) &&
           store->ops->remove_versions(store, kind, name, versions, n_gone, error);
}

gboolean
pup_store_pin(PupStore *store, PupKind kind, const char *name, unsigned version,
              gboolean pinned, GError **error)
{
    if (!check_version(kind, name, version, error))
        return FALSE;
    return store->ops->pin(store, kind, name, version, pinned, error) ||
           explain_missing(store, kind, name, version, error);
}

gboolean
pup_store_is_pinned(PupStore *store, PupKind kind, const char *name, unsigned version)
{
    return check_version(kind, name, version, NULL) &&
           store->ops->is_pinned(store, kind, name, version);
}

PupStoreWrite *
pup_store_begin(PupStore *store, GCancellable *cancellable, GError **error)
{
    PupStoreWrite *write = store->ops->begin(store, cancellable, error);
    if (write)
        write->store = store;
    return write;
}

gboolean
pup_store_write_has(PupStoreWrite *write, const PupName *name)
{
    return pup_name_is_null(name) || write->store->ops->write_has(write, name);
}

gboolean
pup_store_write_put(PupStoreWrite *write, const PupName *name, const guint8 *encoded,
                    size_t len, GError **error)
{
    return pup_name_is_null(name) ||
           write->store->ops->write_put(write, name, encoded, len, error);
}

guint64
pup_store_write_bytes(const PupStoreWrite *write)
{
    return write->store->ops->write_bytes(write);
}

void
pup_store_write_try_out(PupStoreWrite *write, const char *mac)
{
    g_strlcpy(write->seat, mac, sizeof write->seat);
}

gboolean
pup_store_write_commit(PupStoreWrite *write, PupKind kind, const char *name,
                       unsigned version, GBytes *manifest, GBytes *signature,
                       GError **error)
{
    g_return_val_if_fail(kind == PUP_KIND_ROOM || !*write->seat, FALSE);
    return check_version(kind, name, version, error) &&
           write->store->ops->write_commit(write, kind, name, version, manifest,
                                           signature, error);
}

gboolean
pup_store_write_keep(PupStoreWrite *write, GError **error)
{
    return write->store->ops->write_keep(write, error);
}

void
pup_store_write_free(PupStoreWrite *write)
{
    if (write)
        write->store->ops->write_free(write);
}
