/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/dir.h"

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "lib/signature.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

/* A publish holds its name while it syncs its pack; a rollback waits for that. */
#define NAME_WAIT_MS 10000
/* "4294967295\n" */
#define NAME_FILE_MAX 11

const char *
pup_dir_kind(PupKind kind)
{
    return kind == PUP_KIND_MASTER ? "masters" : "rooms";
}

char *
pup_dir_versions_path(const PupDirStore *store, PupKind kind, const char *name)
{
    return g_build_filename(store->path, "manifests", pup_dir_kind(kind), name, NULL);
}

char *
pup_dir_name_path(const PupDirStore *store, PupKind kind, const char *name)
{
    return g_build_filename(store->path, "names", pup_dir_kind(kind), name, NULL);
}

char *
pup_dir_manifest_path(const PupDirStore *store, PupKind kind, const char *name,
                      unsigned version)
{
    return g_strdup_printf("%s/manifests/%s/%s/%u.json", store->path, pup_dir_kind(kind),
                           name, version);
}

/* What is not there is told in the user's words, not in file names. */
void
pup_dir_set_no_version(GError **error, PupKind kind, const char *name, unsigned version)
{
    g_clear_error(error);
    pup_error_set(error, PUP_ERROR_NOT_FOUND, "%s '%s' has no version %u",
                  kind == PUP_KIND_MASTER ? "master" : "room", name, version);
}

static void
set_no_name(GError **error, PupKind kind, const char *name)
{
    g_clear_error(error);
    pup_error_set(error, PUP_ERROR_NOT_FOUND, "%s '%s' has no published version",
                  kind == PUP_KIND_MASTER ? "master" : "room", name);
}

gboolean
pup_dir_manifest(PupStore *base, PupKind kind, const char *name, unsigned version,
                 GBytes **manifest, GBytes **signature, GError **error)
{
    g_autofree char *path =
        pup_dir_manifest_path((PupDirStore *) base, kind, name, version);
    g_autofree char *sig_path = g_strconcat(path, ".sig", NULL);
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) text = pup_file_read(path, PUP_MANIFEST_MAX_BYTES, &why);
    g_autoptr(GBytes) sig =
        text ? pup_file_read(sig_path, PUP_SIGNATURE_TEXT_MAX, &why) : NULL;
    if (!sig) {
        if (!text && g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
            pup_dir_set_no_version(&why, kind, name, version);
        g_propagate_error(error, g_steal_pointer(&why));
        return FALSE;
    }
    *manifest = g_steal_pointer(&text);
    *signature = g_steal_pointer(&sig);
    return TRUE;
}

unsigned
pup_dir_parse_version(const char *digits, size_t len)
{
    g_autofree char *text = g_strndup(digits, len);
    guint64 version;
    if (strlen(text) != len || text[0] == '0' ||
        !g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT, &version, NULL))
        return 0;
    return (unsigned) version;
}

static unsigned
parse_name_file(const char *path, GBytes *bytes, GError **error)
{
    size_t len;
    const char *text = g_bytes_get_data(bytes, &len);
    unsigned version =
        len > 1 && text[len - 1] == '\n' ? pup_dir_parse_version(text, len - 1) : 0;
    if (version == 0)
        pup_error_set(error, PUP_ERROR_CORRUPT,
                      "'%s' does not hold a version; roll back to a good one", path);
    return version;
}

unsigned
pup_dir_current(PupStore *base, PupKind kind, const char *name, GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    g_autofree char *path = pup_dir_name_path(store, kind, name);
    g_autoptr(GError) why = NULL;
    g_autoptr(GBytes) bytes = pup_file_read(path, NAME_FILE_MAX, &why);
    if (!bytes) {
        if (g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
            set_no_name(&why, kind, name);
        if (g_error_matches(why, PUP_ERROR, PUP_ERROR_INVALID))
            why->code = PUP_ERROR_CORRUPT;
        g_propagate_error(error, g_steal_pointer(&why));
        return 0;
    }
    /* The cheap moment to let go of packs that gc has removed; who asks for a version
     * cares for nothing that could go wrong with that. */
    pup_dir_refresh(store, FALSE, NULL);
    return parse_name_file(path, bytes, error);
}

/* Entries of STORE/@sub/KIND that are idents. */
static char **
list_idents(PupDirStore *store, const char *sub, PupKind kind, GError **error)
{
    g_autofree char *path = g_build_filename(store->path, sub, pup_dir_kind(kind), NULL);
    g_auto(GStrv) files = pup_file_list(path, error);
    if (!files)
        return NULL;
    g_autoptr(GStrvBuilder) names = g_strv_builder_new();
    for (char **file = files; *file; file++)
        if (pup_ident_check("name", *file, NULL))
            g_strv_builder_add(names, *file);
    return g_strv_builder_end(names);
}

char **
pup_dir_names(PupStore *base, PupKind kind, GError **error)
{
    return list_idents((PupDirStore *) base, "names", kind, error);
}

char **
pup_dir_owners(PupStore *base, PupKind kind, GError **error)
{
    return list_idents((PupDirStore *) base, "manifests", kind, error);
}

static int
compare_versions(gconstpointer a, gconstpointer b)
{
    unsigned left = *(const unsigned *) a, right = *(const unsigned *) b;
    return left < right ? -1 : left > right;
}

GArray *
pup_dir_versions(PupStore *base, PupKind kind, const char *name, GError **error)
{
    g_autofree char *path = pup_dir_versions_path((PupDirStore *) base, kind, name);
    g_auto(GStrv) files = pup_file_list(path, error);
    if (!files)
        return NULL;
    GArray *versions = g_array_new(FALSE, FALSE, sizeof(unsigned));
    for (char **file = files; *file; file++) {
        unsigned version =
            g_str_has_suffix(*file, ".json")
                ? pup_dir_parse_version(*file, strlen(*file) - strlen(".json"))
                : 0;
        if (version > 0)
            g_array_append_val(versions, version);
    }
    g_array_sort(versions, compare_versions);
    return versions;
}

gboolean
pup_dir_make_versions(const PupDirStore *store, PupKind kind, const char *name,
                      GError **error)
{
    g_autofree char *path = pup_dir_versions_path(store, kind, name);
    g_autofree char *parent = g_path_get_dirname(path);
    if (access(path, F_OK) == 0)
        return TRUE;
    return pup_file_make_dir(path, error) && pup_file_sync_dir(parent, error);
}

gboolean
pup_dir_move_name(PupDirStore *store, PupKind kind, const char *name, unsigned version,
                  GError **error)
{
    g_autofree char *path = pup_dir_name_path(store, kind, name);
    g_autofree char *text = g_strdup_printf("%u\n", version);
    /* Of a promotion that was cut short: once the name stands elsewhere, it would count.
     */
    if (kind == PUP_KIND_ROOM &&
        !pup_dir_end_trial_of(
            store, name, pup_dir_current((PupStore *) store, kind, name, NULL), error))
        return FALSE;
    return pup_file_replace(path, text, strlen(text), 0644, error);
}

gboolean
pup_dir_set_current(PupStore *base, PupKind kind, const char *name, unsigned version,
                    GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    g_autofree char *manifest = pup_dir_manifest_path(store, kind, name, version);
    g_autoptr(GError) why = NULL;
    gboolean ok = FALSE;
    int fd = pup_dir_lock_name(store, kind, name, NAME_WAIT_MS, NULL, &why);
    if (fd >= 0 && access(manifest, F_OK) == 0)
        ok = pup_dir_move_name(store, kind, name, version, &why) &&
             pup_failpoint("current-set", &why) &&
             (kind != PUP_KIND_ROOM || pup_dir_end_trial_of(store, name, version, &why));
    else if (fd >= 0 || g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        pup_dir_set_no_version(&why, kind, name, version);
    if (fd >= 0)
        close(fd);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&why));
    return ok;
}

static gboolean
drop_name(const PupDirStore *store, PupKind kind, const char *name, GError **error)
{
    g_autofree char *path = pup_dir_name_path(store, kind, name);
    g_autofree char *folder = g_path_get_dirname(path);
    if (unlink(path) < 0 && errno != ENOENT) {
        pup_error_set_errno(error, errno, "cannot remove '%s'", path);
        return FALSE;
    }
    return pup_file_sync_dir(folder, error) && pup_failpoint("remove-name-gone", error);
}

/* All versions go at once, by hiding their folder; taking it apart can then be cut short
 * without harm. */
static gboolean
drop_versions(const PupDirStore *store, PupKind kind, const char *name, GError **error)
{
    g_autofree char *path = pup_dir_versions_path(store, kind, name);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *hidden = g_strdup_printf("%s/.removed-%s", folder, uuid);
    if (rename(path, hidden) < 0) {
        if (errno == ENOENT)
            return TRUE;
        pup_error_set_errno(error, errno, "cannot remove '%s'", path);
        return FALSE;
    }
    return pup_file_sync_dir(folder, error) && pup_failpoint("remove-hidden", error) &&
           pup_dir_remove_tree(hidden, error) && pup_failpoint("remove-done", error);
}

/* The name's own lock keeps a rollback out, which holds no lock on the store. */
static gboolean
remove_locked(const PupDirStore *store, PupKind kind, const char *name, GError **error)
{
    g_autofree char *versions = pup_dir_versions_path(store, kind, name);
    g_autofree char *path = pup_dir_name_path(store, kind, name);
    gboolean has_versions = access(versions, F_OK) == 0;
    if (!has_versions && access(path, F_OK) < 0) {
        set_no_name(error, kind, name);
        return FALSE;
    }
    int fd = has_versions
                 ? pup_dir_lock_name(store, kind, name, NAME_WAIT_MS, NULL, error)
                 : -1;
    if (has_versions && fd < 0)
        return FALSE;
    gboolean ok = pup_failpoint("remove-locked", error) &&
                  (kind != PUP_KIND_ROOM || pup_dir_drop_canary(store, name, error)) &&
                  drop_name(store, kind, name, error) &&
                  drop_versions(store, kind, name, error);
    if (fd >= 0)
        close(fd);
    return ok;
}

gboolean
pup_dir_remove(PupStore *base, PupKind kind, const char *name, GError **error)
{
    PupDirStore *store = (PupDirStore *) base;
    int fd = pup_dir_lock_store(store, LOCK_EX, 0, NULL, error);
    if (fd < 0)
        return FALSE;
    gboolean ok = remove_locked(store, kind, name, error);
    close(fd);
    return ok;
}
