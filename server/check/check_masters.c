/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files of masters' versions. Publishing needs the one that a sub-master stands on,
 * and new sub-masters the current one; seats need none of them.
 */
#include "server/check/check.h"

#include <unistd.h>

#include "lib/error.h"
#include "lib/ident.h"
#include "server/image/infos.h"
#include "server/image/whole.h"
#include "server/image/workshop.h"

/* An import puts its copy in the place of a version's file that is not there, of an older
 * version's, too. */
static char *
mend_lost(const char *name, unsigned version, gboolean current, const char *damaged)
{
    g_autofree char *move =
        damaged ? g_strdup_printf("move '%s' away and ", damaged) : g_strdup("");
    g_autofree char *forget =
        current ? g_strdup("")
                : g_strdup_printf(
                      "; without either, `pupitre room rebase ROOM` gives each "
                      "of its rooms the current one, and `pupitre master remove %s@%u` "
                      "forgets it",
                      name, version);

    return g_strdup_printf("restore the file from a backup, or %simport the very same "
                           "disk again: `pupitre master import %s FILE`%s",
                           move, name, forget);
}

static void
check_version(PupCheckup *checkup, const char *name, unsigned version, gboolean current)
{
    g_autofree char *path = pup_master_path(checkup->shop, name, version);
    g_autoptr(GError) why = NULL;
    g_autoptr(PupImageInfo) info = NULL;

    if (access(path, F_OK) < 0) {
        pup_checkup_add(checkup, PUP_FINDING_DAMAGE,
                        g_strdup_printf("master %s@%u", name, version),
                        g_strdup_printf("its file '%s' is not there", path),
                        mend_lost(name, version, current, NULL));
        return;
    }
    info = pup_image_infos_ask(checkup->shop, path, &why);
    if (info && info->backing)
        pup_error_set(&why, PUP_ERROR_INVALID, "'%s' stands on '%s', and should on none",
                      path, info->backing);
    else if (info && pup_whole_check_ours(path, &why) && checkup->thorough)
        pup_image_check(path, "qcow2", checkup->shop->cancellable, &why);
    if (why)
        pup_checkup_add(checkup, PUP_FINDING_DAMAGE,
                        g_strdup_printf("master %s@%u", name, version),
                        g_strdup(why->message), mend_lost(name, version, current, path));
}

static void
check_name(PupCheckup *checkup, const char *name)
{
    PupStore *store = checkup->shop->store;
    g_autoptr(GArray) versions = pup_store_versions(store, PUP_KIND_MASTER, name, NULL);
    unsigned current = pup_store_current(store, PUP_KIND_MASTER, name, NULL);

    for (guint i = 0; versions && i < versions->len; i++) {
        unsigned version = g_array_index(versions, unsigned, i);
        check_version(checkup, name, version, version == current);
    }
}

/* "win@3.qcow2" */
static gboolean
is_master_file(const char *file)
{
    g_autofree char *label = g_strndup(file, strlen(file) - strlen(".qcow2"));
    g_autofree char *name = NULL;
    unsigned version = 0;

    return pup_ident_split("master", label, &name, &version, NULL) && version > 0;
}

/* What sweeps pass over, since they do not know it. */
static void
check_strays(PupCheckup *checkup)
{
    g_autofree char *folder =
        pup_settings_path(checkup->shop->settings, "images/masters");
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir)))
        if (file[0] != '.' &&
            (!g_str_has_suffix(file, ".qcow2") || !is_master_file(file)))
            pup_checkup_add(checkup, PUP_FINDING_NOTE,
                            g_strdup_printf("file %s/%s", folder, file),
                            g_strdup("is no master's, and used by nothing"),
                            g_strdup("move it elsewhere; `pupitre master import NAME "
                                     "FILE` makes a master out of a disk"));
}

void
pup_check_masters(PupCheckup *checkup)
{
    g_autoptr(GError) why = NULL;
    g_auto(GStrv) names = pup_store_names(checkup->shop->store, PUP_KIND_MASTER, &why);

    for (char **name = names; name && *name; name++)
        check_name(checkup, *name);
    if (!names)
        pup_checkup_add(checkup, PUP_FINDING_DAMAGE, g_strdup("masters"),
                        g_strdup(why->message), g_strdup("restore the store"));
    check_strays(checkup);
}
