/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/chain.h"

#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/ident.h"
#include "server/image/infos.h"
#include "server/image/whole.h"
#include "server/image/workshop.h"

#define DIGEST_CHARS 64u

static const char before_master[] = "../masters/", before_layer[] = "../layers/";
static const char after[] = ".qcow2";

void
pup_chain_clear(PupChain *chain)
{
    g_clear_pointer(&chain->master, g_free);
    g_clear_pointer(&chain->layers, g_ptr_array_unref);
}

char *
pup_layer_path(const PupWorkshop *shop, const char *digest)
{
    g_autofree char *sub = g_strdup_printf("images/layers/%s.qcow2", digest);

    return pup_settings_path(shop->settings, sub);
}

char *
pup_backing_layer(const char *digest)
{
    return g_strconcat(before_layer, digest, after, NULL);
}

char *
pup_backing_master(const char *name, unsigned version)
{
    return g_strdup_printf("%s%s@%u%s", before_master, name, version, after);
}

/* What stands between @before and ".qcow2", new string; NULL where @backing is another.
 */
static char *
between(const char *backing, const char *before)
{
    size_t len = strlen(backing), around = strlen(before) + strlen(after);

    if (len < around || !g_str_has_prefix(backing, before) ||
        !g_str_has_suffix(backing, after))
        return NULL;
    return g_strndup(backing + strlen(before), len - around);
}

char *
pup_backing_parse_layer(const char *backing)
{
    g_autofree char *digest = between(backing, before_layer);

    if (digest && strlen(digest) == DIGEST_CHARS &&
        strspn(digest, "0123456789abcdef") == DIGEST_CHARS)
        return g_steal_pointer(&digest);
    return NULL;
}

gboolean
pup_backing_parse_master(const char *backing, char **name, unsigned *version)
{
    g_autofree char *label = between(backing, before_master);
    g_autofree char *found = NULL;
    unsigned number = 0;

    if (!label || !pup_ident_split("master", label, &found, &number, NULL) || number == 0)
        return FALSE;
    *name = g_steal_pointer(&found);
    *version = number;
    return TRUE;
}

/* One file further down: *@next is the layer's digest, NULL when the master is reached.
 */
static gboolean
read_link(const PupWorkshop *shop, const char *path, PupChain *chain, char **next,
          GError **error)
{
    g_autoptr(PupImageInfo) info = pup_image_infos_ask(shop, path, error);
    const char *backing;

    if (!info)
        return FALSE;
    if (chain->layers->len == 0)
        chain->virtual_bytes = info->virtual_bytes;
    backing = info->backing && !info->data_file ? info->backing : "";
    *next = pup_backing_parse_layer(backing);
    if (*next ||
        pup_backing_parse_master(backing, &chain->master, &chain->master_version))
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "'%s' is no overlay over a master's file: its backing file is '%s'",
                  path, info->backing ? info->backing : "");
    return FALSE;
}

/* Say what is missing, where QEMU would only say that it cannot open it. */
static gboolean
check_layer(const char *layer, const char *path, GError **error)
{
    if (access(layer, F_OK) == 0)
        return TRUE;
    pup_error_set(error, PUP_ERROR_NOT_FOUND,
                  "the layer '%s', which '%s' stands on, is not there: restore it from a "
                  "backup, or make the sub-master afresh; `pupitre fsck` says how",
                  layer, path);
    return FALSE;
}

gboolean
pup_chain_read(const PupWorkshop *shop, const char *path, PupChain *chain, GError **error)
{
    g_auto(PupChain) found = {.layers = g_ptr_array_new_with_free_func(g_free)};
    g_autofree char *at = g_strdup(path);

    while (found.layers->len <= PUP_CHAIN_MAX) {
        char *layer = NULL;

        if (!read_link(shop, at, &found, &layer, error))
            return FALSE;
        if (!layer) {
            *chain = found;
            memset(&found, 0, sizeof found);
            return TRUE;
        }
        g_ptr_array_add(found.layers, layer);
        g_free(at);
        at = pup_layer_path(shop, layer);
        if (!check_layer(at, path, error))
            return FALSE;
    }
    pup_error_set(error, PUP_ERROR_INVALID, "'%s' stands on more than %u layers", path,
                  PUP_CHAIN_MAX);
    return FALSE;
}

static gboolean
check_file(const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (pup_whole_check_ours(path, &why))
        return TRUE;
    if (!g_error_matches(why, PUP_ERROR, PUP_ERROR_CORRUPT)) {
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    pup_error_set(error, why->code, "%s; `pupitre fsck` says what mends it",
                  why->message);
    return FALSE;
}

/* QEMU reads zeros where a file ends before its time: nothing may be made of that. */
static gboolean
check_files(const PupWorkshop *shop, const char *path, const PupChain *chain,
            GError **error)
{
    if (!check_file(path, error))
        return FALSE;
    for (unsigned i = 0; i < chain->layers->len; i++) {
        g_autofree char *layer =
            pup_layer_path(shop, g_ptr_array_index(chain->layers, i));

        if (!check_file(layer, error))
            return FALSE;
    }
    return TRUE;
}

gboolean
pup_chain_read_whole(const PupWorkshop *shop, const char *path, PupChain *chain,
                     GError **error)
{
    g_auto(PupChain) found = {0};
    g_autofree char *master = NULL;

    if (!pup_chain_read(shop, path, &found, error))
        return FALSE;
    master = pup_master_path(shop, found.master, found.master_version);
    if (access(master, F_OK) < 0) {
        g_autoptr(GError) why = NULL;
        pup_workshop_set_lost(shop, found.master, found.master_version, &why);
        g_propagate_prefixed_error(error, g_steal_pointer(&why),
                                   "'%s' cannot be read: ", path);
        return FALSE;
    }
    if (!check_files(shop, path, &found, error) || !check_file(master, error))
        return FALSE;
    *chain = found;
    memset(&found, 0, sizeof found);
    return TRUE;
}
