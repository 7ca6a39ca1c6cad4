/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "lib/ident.h"
#include "server/image/disk.h"
#include "server/image/lock.h"
#include "server/image/machine.h"
#include "server/image/qemu_img.h"
#include "server/image/workbench.h"
#include "server/image/workshop.h"

#define ANSWERS_FILE "autounattend.xml"
/* "Press any key to boot from CD": how long Windows' loader may take to ask. */
#define KEYS_S 40
#define KEY_SPACE 57 /* linux/input-event-codes.h */
#define LOOKED_MS 1000

typedef struct {
    const PupWorkshop *shop;
    PupVirt *virt;
    const char *name;
    const PupInstall *install;
    char *disk;          /* images/masters/.NAME.qcow2.tmp */
    char *folder;        /* run/install-NAME */
    char *answers;       /* the disc in it, or NULL */
    char *iso, *drivers; /* absolute */
} Install;

/* ---- discs ---------------------------------------------------------------------------
 */

/* An absolute path to a disc; NULL on error. */
static char *
find_disc(const char *file, GError **error)
{
    static const char magic[] = "CD001";
    char head[sizeof magic - 1] = "";
    char *path = realpath(file, NULL);
    g_autofree char *copy = g_strdup(path);
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n;

    free(path);
    if (fd < 0) {
        pup_error_set_errno(error, errno, "cannot open '%s'", file);
        return NULL;
    }
    n = pread(fd, head, sizeof head, 32769); /* the first volume descriptor's */
    close(fd);
    if (n == (ssize_t) sizeof head && memcmp(head, magic, sizeof head) == 0)
        return g_steal_pointer(&copy);
    pup_error_set(error, PUP_ERROR_INVALID, "'%s' is not an ISO image", file);
    return NULL;
}

/* Installers know their disc by its label: cloud-init's and Anaconda's are fixed. */
static const char *
disc_label(const char *answers)
{
    g_autofree char *user_data = g_build_filename(answers, "user-data", NULL);
    g_autofree char *kickstart = g_build_filename(answers, "ks.cfg", NULL);

    if (g_file_test(user_data, G_FILE_TEST_EXISTS))
        return "cidata";
    return g_file_test(kickstart, G_FILE_TEST_EXISTS) ||
                   g_str_has_suffix(answers, "/ks.cfg")
               ? "OEMDRV"
               : "ANSWERS";
}

/* Put @source, a file or a folder, on the disc @job->answers; as @as, or its own name.
 * Passwords are on it: with a libvirt daemon, that gives the file to QEMU's user. */
static gboolean
burn(Install *job, const char *source, const char *as, GError **error)
{
    gboolean folder = g_file_test(source, G_FILE_TEST_IS_DIR);
    g_autofree char *base = g_path_get_basename(source);
    g_autofree char *target = g_strconcat("/", folder ? "" : as ? as : base, NULL);
    const char *const argv[] = {
        "xorriso",    "-as", "mkisofs", "-quiet",           "-iso-level",    "3",
        "-J",         "-R",  "-V",      disc_label(source), "-graft-points", "-o",
        job->answers, NULL,  NULL};
    g_autofree char *graft = g_strdup_printf("%s=%s", target, source);
    const char *args[G_N_ELEMENTS(argv)];

    memcpy(args, argv, sizeof argv);
    args[G_N_ELEMENTS(argv) - 2] = graft;
    if (!pup_child_run(args, "cannot make the disc of answers", NULL,
                       job->shop->cancellable, error))
        return FALSE;
    if (chmod(job->answers, 0600) == 0)
        return TRUE;
    pup_error_set_errno(error, errno, "cannot close '%s' to others", job->answers);
    return FALSE;
}

/* Our own answers for Windows, in a file of the folder that nobody else reads. */
static char *
write_answers(Install *job, GError **error)
{
    PupInstallAnswers windows = job->install->windows;
    g_autofree char *path = g_build_filename(job->folder, ANSWERS_FILE, NULL);
    g_autofree char *text = NULL;

    windows.os = job->install->os;
    windows.firmware = job->install->firmware;
    windows.drivers = job->drivers != NULL;
    text = pup_install_answers_xml(PUP_PKGDATADIR "/templates/" ANSWERS_FILE, &windows,
                                   error);
    if (!text || !pup_file_replace(path, text, strlen(text), 0600, error))
        return NULL;
    return g_steal_pointer(&path);
}

static gboolean
make_answers(Install *job, GError **error)
{
    const PupInstall *install = job->install;
    gboolean windows = pup_install_os_is_windows(install->os);
    g_autofree char *own = NULL;

    if (!install->answers && !windows)
        return TRUE;
    job->answers = g_build_filename(job->folder, "answers.iso", NULL);
    if (install->answers) {
        g_autofree char *source = g_canonicalize_filename(install->answers, NULL);
        return burn(job, source, windows ? ANSWERS_FILE : NULL, error);
    }
    own = write_answers(job, error);
    return own && burn(job, own, NULL, error);
}

/* ---- the machine ---------------------------------------------------------------------
 */

static PupVirtDomain *
start_machine(Install *job, GError **error)
{
    const PupInstall *install = job->install;
    g_autofree char *nvram = g_build_filename(job->folder, "nvram.fd", NULL);
    g_autofree char *name = g_strdup_printf("pupitre-install-%s", job->name);
    g_autofree char *title = g_strdup_printf("Pupitre installs master %s", job->name);
    PupGuest guest;
    PupMachine machine = {
        .name = name,
        .title = title,
        .guest = &guest,
        .watched = TRUE,
        .local_time = pup_install_os_is_windows(install->os),
        .cpus = install->cpus,
        .memory_mib = install->memory_mib,
        .disk = job->disk,
        .nvram = nvram,
        .iso = job->iso,
        .drivers_iso = job->drivers,
        .answers_iso = job->answers,
    };

    pup_install_os_guest(install->os, install->firmware, &guest);
    return pup_machine_start(job->shop, job->virt, &machine, error);
}

static void
say_progress(Install *job, PupVirtDomain *domain, guint64 written)
{
    const PupWorkshop *shop = job->shop;
    g_autofree char *what = NULL;

    if (!shop->progress)
        return;
    what = g_strdup_printf("installing: %" G_GUINT64_FORMAT " MiB written, %u restarts",
                           written >> 20, pup_virt_domain_n_reboots(domain));
    shop->progress(shop->progress_data, what, 0, 0);
}

/* Once a second: how far it is, for whoever watches; its end is told by an event. */
static gboolean
follow(Install *job, PupVirtDomain *domain, GError **error)
{
    gboolean windows = pup_install_os_is_windows(job->install->os);

    for (unsigned n = 0;; n++) {
        g_autoptr(GError) late = NULL;
        guint64 written = pup_virt_domain_written(domain, "vda");
        PupVirtStates states;

        say_progress(job, domain, written);
        if (windows && n < KEYS_S && written == 0)
            pup_virt_domain_press_key(domain, KEY_SPACE);
        states = pup_virt_domain_wait(domain, PUP_VIRT_STUCK, LOOKED_MS,
                                      job->shop->cancellable, &late);
        if (states)
            return pup_workbench_check_end(domain, states, error);
        if (!g_error_matches(late, PUP_ERROR, PUP_ERROR_TIMEOUT)) {
            g_propagate_error(error, g_steal_pointer(&late));
            return FALSE;
        }
    }
}

static gboolean
run_machine(Install *job, GError **error)
{
    g_autoptr(PupVirtDomain) domain = start_machine(job, error);
    g_autofree char *spice = NULL;

    if (!domain)
        return FALSE;
    spice = pup_virt_domain_spice(domain, NULL);
    if (job->install->started)
        job->install->started(job->install->data, spice);
    return pup_failpoint("install-started", error) && follow(job, domain, error);
}

/* A guest that found nothing to start shuts down as well. */
static gboolean
check_installed(Install *job, GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autoptr(PupDisk) disk =
        pup_disk_open(shop->settings, job->disk, 1, shop->cancellable, error);
    g_autoptr(GArray) runs =
        disk ? pup_disk_runs(disk, 1, shop->cancellable, error) : NULL;

    if (!runs)
        return FALSE;
    for (unsigned i = 0; i < runs->len; i++)
        if (!g_array_index(runs, PupRun, i).zero)
            return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID,
                  "the guest shut down and has written nothing: '%s' installed nothing",
                  job->install->iso);
    return FALSE;
}

/* ---- all of it -----------------------------------------------------------------------
 */

static gboolean
make_disk(Install *job, GError **error)
{
    g_autofree char *masters = g_path_get_dirname(job->disk);

    return pup_file_make_dir(masters, error) &&
           pup_image_create(job->disk, job->install->disk_bytes, job->shop->cancellable,
                            error);
}

/* What the machine needs beside its disk. QEMU's user goes through the folder, others see
 * nothing of it before the answers are closed to them. */
static gboolean
make_folder(Install *job, GError **error)
{
    if (!pup_file_make_dir(job->folder, error))
        return FALSE;
    if (chmod(job->folder, 0700) == 0 && make_answers(job, error) &&
        chmod(job->folder, 0711) == 0)
        return TRUE;
    if (error && !*error)
        pup_error_set_errno(error, errno, "cannot set the mode of '%s'", job->folder);
    return FALSE;
}

/* It was installed in a machine that is known. */
static gboolean
import_disk(Install *job, PupPublishReport *report, GError **error)
{
    PupWorkshop shop = *job->shop;
    PupImportFile of = {.file = job->disk, .format = "qcow2"};
    PupNeedsChange change = {0};
    PupNeeds needs;

    pup_install_os_needs(job->install->os, job->install->firmware, &needs);
    pup_needs_change_all(&change, &needs);
    shop.needs = &change;
    return pup_master_import_locked(&shop, job->name, &of, report, error);
}

static gboolean
install_locked(Install *job, PupPublishReport *report, GError **error)
{
    if (!make_folder(job, error) || !make_disk(job, error))
        return FALSE;
    return run_machine(job, error) && check_installed(job, error) &&
           pup_failpoint("install-ended", error) && import_disk(job, report, error);
}

static gboolean
find_discs(Install *job, GError **error)
{
    const PupInstall *install = job->install;

    job->iso = find_disc(install->iso, error);
    if (job->iso && install->drivers)
        job->drivers = find_disc(install->drivers, error);
    if (!job->iso || (install->drivers && !job->drivers))
        return FALSE;
    if (!install->answers || g_file_test(install->answers, G_FILE_TEST_EXISTS))
        return TRUE;
    pup_error_set(error, PUP_ERROR_NOT_FOUND, "there is no '%s'", install->answers);
    return FALSE;
}

static gboolean
install_checked(Install *job, PupPublishReport *report, GError **error)
{
    const PupWorkshop *shop = job->shop;
    g_autoptr(PupLock) lock = pup_lock_take(shop->settings, "master", job->name, error);
    g_autofree char *sub = g_strdup_printf("images/masters/.%s.qcow2.tmp", job->name);
    g_autofree char *run = g_strdup_printf("run/install-%s", job->name);
    gboolean done;

    if (!lock)
        return FALSE;
    report->version = pup_workshop_next_version(shop, PUP_KIND_MASTER, job->name, error);
    report->disk_bytes = job->install->disk_bytes;
    if (report->version == 0 || shop->dry_run)
        return report->version != 0;
    job->disk = pup_settings_path(shop->settings, sub);
    job->folder = pup_settings_path(shop->settings, run);
    done = install_locked(job, report, error);
    unlink(job->disk);
    pup_file_remove_tree(job->folder);
    return done;
}

gboolean
pup_master_install(const PupWorkshop *shop, PupVirt *virt, const char *name,
                   const PupInstall *install, PupPublishReport *report, GError **error)
{
    Install job = {.shop = shop, .virt = virt, .name = name, .install = install};
    PupPublishReport made = {0};
    gboolean done = pup_ident_check("master", name, error) &&
                    pup_workshop_check_key(shop, error) &&
                    pup_workshop_check_pools(shop, error) && find_discs(&job, error) &&
                    install_checked(&job, &made, error);

    if (done)
        *report = made;
    g_free(job.disk);
    g_free(job.folder);
    g_free(job.answers);
    g_free(job.iso);
    g_free(job.drivers);
    return done;
}
