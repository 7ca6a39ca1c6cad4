/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/store/dir.h"

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

gboolean
pup_dir_remove_tree(const char *path, GError **error)
{
    struct stat st;
    gboolean folder = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
    g_auto(GStrv) files = folder ? pup_file_list(path, error) : g_new0(char *, 1);
    if (!files)
        return FALSE;
    for (char **file = files; *file; file++) {
        g_autofree char *inner = g_build_filename(path, *file, NULL);
        if (!pup_dir_remove_tree(inner, error))
            return FALSE;
    }
    if ((folder ? rmdir(path) : unlink(path)) == 0 || errno == ENOENT)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot remove '%s'", path);
    return FALSE;
}

static gboolean
file_missing(const char *folder, const char *file)
{
    g_autofree char *path = g_build_filename(folder, file, NULL);
    return access(path, F_OK) < 0;
}

/* A signature whose manifest never came. */
static gboolean
is_lone_signature(const char *folder, const char *file)
{
    if (!g_str_has_suffix(file, ".json.sig"))
        return FALSE;
    g_autofree char *manifest = g_strndup(file, strlen(file) - strlen(".sig"));
    return file_missing(folder, manifest);
}

/* A folder of versions without any, and no name either: its first publish failed. */
static gboolean
is_barren(const PupDirStore *store, PupKind kind, const char *owner)
{
    g_autofree char *name = pup_dir_name_path(store, kind, owner);
    g_autofree char *folder = pup_dir_versions_path(store, kind, owner);
    g_auto(GStrv) files = pup_file_list(folder, NULL);
    if (access(name, F_OK) == 0 || !files)
        return FALSE;
    for (char **file = files; *file; file++)
        if ((*file)[0] != '.' && strcmp(*file, "lock") != 0 &&
            !is_lone_signature(folder, *file))
            return FALSE;
    return TRUE;
}

static gboolean
is_lone_pack(const char *folder, const char *file)
{
    PupPackId id;
    if (!pup_pack_id_from_file(file, ".pack", &id))
        return FALSE;
    g_autofree char *index = pup_pack_path(folder, &id, ".idx");
    return access(index, F_OK) < 0;
}

typedef gboolean (*IsLeftover)(const char *folder, const char *file);

/* Everything that we write under a temporary name has a dot before it. */
static gboolean
add_from(GPtrArray *paths, const char *folder, IsLeftover is_leftover, GError **error)
{
    g_auto(GStrv) files = pup_file_list(folder, error);
    if (!files)
        return FALSE;
    for (char **file = files; *file; file++)
        if ((*file)[0] == '.' || (is_leftover && is_leftover(folder, *file)))
            g_ptr_array_add(paths, g_build_filename(folder, *file, NULL));
    return TRUE;
}

static gboolean
add_of_kind(GPtrArray *paths, const PupDirStore *store, PupKind kind, GError **error)
{
    const char *word = pup_dir_kind(kind);
    g_autofree char *names = g_build_filename(store->path, "names", word, NULL);
    g_autofree char *manifests = g_build_filename(store->path, "manifests", word, NULL);
    g_auto(GStrv) owners = pup_file_list(manifests, error);
    if (!owners || !add_from(paths, names, NULL, error) ||
        !add_from(paths, manifests, NULL, error))
        return FALSE;
    for (char **owner = owners; *owner; owner++) {
        g_autofree char *versions = g_build_filename(manifests, *owner, NULL);
        if (!pup_ident_check("name", *owner, NULL))
            continue;
        if (is_barren(store, kind, *owner))
            g_ptr_array_add(paths, g_steal_pointer(&versions));
        else if (!add_from(paths, versions, is_lone_signature, error))
            return FALSE;
    }
    return TRUE;
}

GPtrArray *
pup_dir_leftovers(const PupDirStore *store, gboolean packs, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autofree char *canaries = g_build_filename(store->path, PUP_DIR_CANARIES, NULL);
    if (!add_from(paths, store->path, NULL, error) ||
        !add_from(paths, canaries, NULL, error) ||
        !add_from(paths, store->packs, packs ? is_lone_pack : NULL, error) ||
        !add_of_kind(paths, store, PUP_KIND_MASTER, error) ||
        !add_of_kind(paths, store, PUP_KIND_ROOM, error))
        return NULL;
    return g_steal_pointer(&paths);
}
