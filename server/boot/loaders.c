/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/boot/loaders.h"

#include <sys/stat.h>
#include "lib/error.h"
#include "lib/file.h"

#define IPXE_DIR "/usr/lib/ipxe"
#define LOADER_MAX_BYTES (16u * 1024 * 1024)

static const char *const loaders[] = {"undionly.kpxe", "snponly.efi"};

gboolean
pup_loaders_known(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(loaders); i++)
        if (g_str_equal(name, loaders[i]))
            return TRUE;
    return FALSE;
}

static gboolean
copy_loader(const char *tftp_dir, const char *name, GError **error)
{
    g_autofree char *from = g_build_filename(IPXE_DIR, name, NULL);
    g_autofree char *to = g_build_filename(tftp_dir, name, NULL);
    g_autoptr(GBytes) wanted = pup_file_read(from, LOADER_MAX_BYTES, error);
    if (!wanted) {
        g_prefix_error(error, "first loader (Debian package ipxe): ");
        return FALSE;
    }
    g_autoptr(GBytes) present = pup_file_read(to, LOADER_MAX_BYTES, NULL);
    if (present && g_bytes_equal(present, wanted))
        return TRUE;
    return pup_file_replace(to, g_bytes_get_data(wanted, NULL), g_bytes_get_size(wanted),
                            0644, error);
}

gboolean
pup_loaders_prepare(const char *tftp_dir, GError **error)
{
    if (!pup_file_make_dir(tftp_dir, error))
        return FALSE;
    for (unsigned i = 0; i < G_N_ELEMENTS(loaders); i++)
        if (!copy_loader(tftp_dir, loaders[i], error))
            return FALSE;
    return TRUE;
}

gboolean
pup_loaders_public(const char *dir)
{
    g_autofree char *path = g_canonicalize_filename(dir, NULL);
    for (;;) {
        struct stat st;
        if (stat(path, &st) < 0 || !(st.st_mode & S_IXOTH))
            return FALSE;
        if (g_str_equal(path, "/"))
            return TRUE;
        char *parent = g_path_get_dirname(path);
        g_free(path);
        path = parent;
    }
}
