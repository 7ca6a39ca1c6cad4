/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/image/unchanged.h"

#include <errno.h>
#include <sys/stat.h>

#include "lib/error.h"
#include "lib/file.h"

typedef struct {
    char *path;
    struct stat st;
} File;

struct PupUnchanged {
    GArray *files;
};

static void
file_clear(gpointer data)
{
    g_free(((File *) data)->path);
}

PupUnchanged *
pup_unchanged_new(void)
{
    PupUnchanged *seen = g_new0(PupUnchanged, 1);

    seen->files = g_array_new(FALSE, FALSE, sizeof(File));
    g_array_set_clear_func(seen->files, file_clear);
    return seen;
}

void
pup_unchanged_free(PupUnchanged *seen)
{
    if (!seen)
        return;
    g_array_unref(seen->files);
    g_free(seen);
}

gboolean
pup_unchanged_add(PupUnchanged *seen, const char *path, GError **error)
{
    File file;

    if (stat(path, &file.st) < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", path);
        return FALSE;
    }
    file.path = g_strdup(path);
    g_array_append_val(seen->files, file);
    return TRUE;
}

static gboolean
is_same(const struct stat *a, const struct stat *b)
{
    return S_ISBLK(a->st_mode) || pup_file_is_same(a, b);
}

gboolean
pup_unchanged_check(const PupUnchanged *seen, GError **error)
{
    for (unsigned i = 0; i < seen->files->len; i++) {
        const File *file = &g_array_index(seen->files, File, i);
        struct stat now;

        if (stat(file->path, &now) == 0 && is_same(&file->st, &now))
            continue;
        pup_error_set(error, PUP_ERROR_BUSY,
                      "'%s' was changed while it was read: wait until whatever writes it "
                      "is done, then try again",
                      file->path);
        return FALSE;
    }
    return TRUE;
}
