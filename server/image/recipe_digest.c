/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Everything goes into a digest with its length in front, so that no two recipes can say
 * the same bytes. Owners and times of the files do not: what is placed in a guest belongs
 * to its administrator, and a fresh checkout of the same recipe changes nothing.
 */
#include "server/image/recipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"

#define READ_BYTES (256u * 1024u)
#define DEPTH_MAX 64u
#define FILES_MAX 1000000u
/* Changes when a step comes to do something else in the guest. */
#define FORMAT "pupitre-layer-1"

static void
add_bytes(GChecksum *sum, const void *bytes, size_t len)
{
    guint64 size = GUINT64_TO_LE((guint64) len);

    g_checksum_update(sum, (const guchar *) &size, sizeof size);
    g_checksum_update(sum, bytes, (gssize) len);
}

static void
add_text(GChecksum *sum, const char *text)
{
    add_bytes(sum, text, strlen(text));
}

static void
add_number(GChecksum *sum, guint64 number)
{
    guint64 le = GUINT64_TO_LE(number);

    add_bytes(sum, &le, sizeof le);
}

static gboolean
add_content(GChecksum *sum, const char *path, GError **error)
{
    g_autofree guint8 *buf = g_malloc(READ_BYTES);
    g_autoptr(GChecksum) content = g_checksum_new(G_CHECKSUM_SHA256);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n;

    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        return FALSE;
    }
    do {
        n = read(fd, buf, READ_BYTES);
        if (n > 0)
            g_checksum_update(content, buf, n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    if (n < 0)
        pup_error_set_errno(error, errno, "cannot read '%s'", path);
    close(fd);
    add_text(sum, g_checksum_get_string(content));
    return n == 0;
}

static gboolean
add_link(GChecksum *sum, const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *target = g_file_read_link(path, &why);

    if (!target) {
        pup_error_set(error, PUP_ERROR_IO, "%s", why->message);
        return FALSE;
    }
    add_text(sum, target);
    return TRUE;
}

static gboolean
look_at(const char *path, struct stat *st, GError **error)
{
    if (lstat(path, st) < 0) {
        pup_error_set_errno(error, errno, "cannot look at '%s'", path);
        return FALSE;
    }
    if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode) || S_ISLNK(st->st_mode))
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "'%s' is neither file, folder nor link: a recipe cannot place it",
                  path);
    return FALSE;
}

static gboolean
list_into(GPtrArray *paths, const char *root, const char *below, unsigned depth,
          GError **error)
{
    g_autofree char *folder = g_build_filename(root, below, NULL);
    g_auto(GStrv) names = pup_file_list(folder, error);

    if (!names)
        return FALSE;
    if (depth > DEPTH_MAX || paths->len > FILES_MAX) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "cannot list '%s': too many files or folders", folder);
        return FALSE;
    }
    for (char **name = names; *name; name++) {
        char *path = g_build_filename(below, *name, NULL);
        g_autofree char *full = g_build_filename(root, path, NULL);
        struct stat st;

        g_ptr_array_add(paths, path);
        if (!look_at(full, &st, error) ||
            (S_ISDIR(st.st_mode) && !list_into(paths, root, path, depth + 1, error)))
            return FALSE;
    }
    return TRUE;
}

char **
pup_recipe_list_files(const char *files, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);

    if (!list_into(paths, files, "", 0, error))
        return NULL;
    g_ptr_array_add(paths, NULL);
    return (char **) g_ptr_array_free(g_steal_pointer(&paths), FALSE);
}

static gboolean
add_file(GChecksum *sum, const char *root, const char *path, GError **error)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    struct stat st;

    if (!look_at(full, &st, error))
        return FALSE;
    add_text(sum, path);
    add_number(sum, st.st_mode & (S_IFMT | 07777));
    if (S_ISREG(st.st_mode))
        return add_content(sum, full, error);
    return S_ISDIR(st.st_mode) || add_link(sum, full, error);
}

static gboolean
add_step(GChecksum *sum, const PupRecipeStep *step, GError **error)
{
    g_auto(GStrv) paths = step->files ? pup_recipe_list_files(step->files, error) : NULL;

    if (step->files && !paths)
        return FALSE;
    add_number(sum, step->shell);
    add_number(sum, step->reboot);
    add_number(sum, paths ? g_strv_length(paths) : 0);
    for (char **path = paths; path && *path; path++)
        if (!add_file(sum, step->files, *path, error))
            return FALSE;
    add_number(sum, step->script != NULL);
    return !step->script || add_content(sum, step->script, error);
}

/* The disk below the first step. Its file's name is in what stands on it, so name and
 * version count as well. */
static char *
digest_master(const PupManifest *master)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    add_text(sum, FORMAT);
    add_text(sum, master->name);
    add_number(sum, master->version);
    add_number(sum, master->disk_bytes);
    add_bytes(sum, master->pages, master->n_pages * sizeof *master->pages);
    return g_strdup(g_checksum_get_string(sum));
}

char **
pup_recipe_digests(const PupRecipe *recipe, const PupManifest *master, GError **error)
{
    g_auto(GStrv) digests = g_new0(char *, recipe->steps->len + 1);
    g_autofree char *first = digest_master(master);
    const char *below = first;

    for (unsigned i = 0; i < recipe->steps->len; i++) {
        g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

        add_text(sum, below);
        if (!add_step(sum, g_ptr_array_index(recipe->steps, i), error))
            return NULL;
        digests[i] = g_strdup(g_checksum_get_string(sum));
        below = digests[i];
    }
    return g_steal_pointer(&digests);
}
