/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "client-image/seat/cache_partition.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "client-image/seat/child.h"
#include "client-image/seat/hardware.h"
#include "lib/error.h"
#include "lib/file.h"

#define DEVICE "/dev/disk/by-label/" PUP_CACHE_LABEL
/* Disks appear while the PC starts; one that is slower than this counts as absent. */
#define WAIT "--timeout=3"
#define MIB (1024u * 1024u)

static gboolean
is_there(void)
{
    const char *argv[] = {"udevadm", "settle", WAIT, "--exit-if-exists=" DEVICE, NULL};

    if (access(DEVICE, F_OK) != 0)
        pup_child_run(argv, NULL);
    return access(DEVICE, F_OK) == 0;
}

/* Its journal is replayed by mounting; what that does not mend, the kernel refuses. */
static gboolean
mount_at(const char *folder, GError **error)
{
    unsigned long flags = MS_NOATIME | MS_NODEV | MS_NOSUID | MS_NOEXEC;

    if (!pup_file_make_dir(folder, error))
        return FALSE;
    umount2(folder, MNT_DETACH); /* left behind by one that was killed */
    pup_module_load("ext4");
    if (mount(DEVICE, folder, "ext4", flags, "errors=remount-ro") == 0)
        return TRUE;
    if (errno == EINVAL)
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'" DEVICE "' holds no sound ext4 file system: make it anew with "
                      "pupitre-cache create");
    else
        pup_error_set_errno(error, errno, "cannot mount '" DEVICE "'");
    return FALSE;
}

gboolean
pup_cache_partition_check_size(const char *folder, GError **error)
{
    struct statvfs status;
    guint64 bytes;

    if (statvfs(folder, &status) != 0) {
        pup_error_set_errno(error, errno, "cannot look at '%s'", folder);
        return FALSE;
    }
    /* What ext4 needs for itself is not counted: an eighth is more than enough. */
    bytes = (guint64) status.f_blocks * status.f_frsize;
    if (bytes >= PUP_CACHE_PARTITION_MIN_BYTES / 8 * 7)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "the partition " PUP_CACHE_LABEL " has %" G_GUINT64_FORMAT
                  " MiB, it must have at least %" G_GUINT64_FORMAT,
                  bytes / MIB, PUP_CACHE_PARTITION_MIN_BYTES / MIB);
    return FALSE;
}

gboolean
pup_cache_partition_mount(const char *rundir, char **folder, GError **error)
{
    g_autofree char *path = g_build_filename(rundir, "cache", NULL);

    if (!is_there()) {
        *folder = NULL;
        return TRUE;
    }
    if (!mount_at(path, error))
        return FALSE;
    if (!pup_cache_partition_check_size(path, error)) {
        pup_cache_partition_unmount(path);
        return FALSE;
    }
    *folder = g_steal_pointer(&path);
    return TRUE;
}

void
pup_cache_partition_unmount(const char *folder)
{
    if (folder)
        umount2(folder, MNT_DETACH);
}
