/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "server/image/virt_private.h"

#include <stdlib.h>

#include "lib/file.h"

/* Another command may do the same at this moment: where we are refused, what it made
 * counts. */
static virStoragePoolPtr
define_pool(virConnectPtr connection, const char *name, const char *path, GError **error)
{
    g_autofree char *xml = pup_virt_xml_pool(name, path);
    virStoragePoolPtr pool = virStoragePoolDefineXML(connection, xml, 0);

    if (pool) {
        virStoragePoolSetAutostart(pool, 1);
        return pool;
    }
    pup_virt_set_error(error, "cannot define the storage pool '%s'", name);
    pool = virStoragePoolLookupByName(connection, name);
    if (pool)
        g_clear_error(error);
    return pool;
}

static gboolean
start_pool(virStoragePoolPtr pool)
{
    return virStoragePoolIsActive(pool) == 1 || virStoragePoolCreate(pool, 0) == 0 ||
           virStoragePoolIsActive(pool) == 1;
}

/* The pool @name, defined if it is not, with @path as its folder. */
static virStoragePoolPtr
get_pool(virConnectPtr connection, const char *name, const char *path, GError **error)
{
    virStoragePoolPtr pool = virStoragePoolLookupByName(connection, name);
    g_autofree char *folder = NULL;
    char *current;

    if (!pool)
        pool = define_pool(connection, name, path, error);
    if (!pool)
        return NULL;
    current = virStoragePoolGetXMLDesc(pool, 0);
    folder = current ? pup_virt_xml_text(current, "path") : NULL;
    free(current);
    if (g_strcmp0(folder, path) == 0)
        return pool;
    pup_error_set(error, PUP_ERROR_EXISTS,
                  "libvirt has a storage pool '%s' already, of '%s'; set another name in "
                  "[libvirt] pool",
                  name, folder ? folder : "?");
    virStoragePoolFree(pool);
    return NULL;
}

static gboolean
refresh_pool(virConnectPtr connection, const PupSettings *settings, const char *which,
             GError **error)
{
    g_autofree char *sub = g_build_filename("images", which, NULL);
    g_autofree char *path = pup_settings_path(settings, sub);
    g_autofree char *name = g_strdup_printf("%s-%s", settings->libvirt_pool, which);
    virStoragePoolPtr pool;
    gboolean good;

    if (!pup_file_make_dir(path, error))
        return FALSE;
    pool = get_pool(connection, name, path, error);
    if (!pool)
        return FALSE;
    good = start_pool(pool) && virStoragePoolRefresh(pool, 0) == 0;
    if (!good)
        pup_virt_set_error(error, "cannot refresh the storage pool '%s'", name);
    virStoragePoolFree(pool);
    return good;
}

gboolean
pup_virt_refresh_pools(const PupSettings *settings, GError **error)
{
    virConnectPtr connection;
    gboolean good;

    if (!settings->libvirt_uri)
        return TRUE;
    connection = pup_virt_connect_daemon(settings, error);
    if (!connection)
        return FALSE;
    good = refresh_pool(connection, settings, "masters", error) &&
           refresh_pool(connection, settings, "rooms", error);
    virConnectClose(connection);
    return good;
}
