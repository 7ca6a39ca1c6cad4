/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One machine a step: what a step leaves is a disk that was shut down properly, and the
 * next one begins on it whether it is run now or next week.
 */
#include "server/image/recipe_run.h"

#include <unistd.h>

#include "lib/error.h"
#include "lib/failpoint.h"
#include "lib/file.h"
#include "server/image/boot_failure.h"
#include "server/image/recipe_guest.h"
#include "server/image/workbench.h"

/* Installers may leave much to do for the end, but a step that hangs is not waited for
 * twice. */
#define SHUTDOWN_MIN_S 300u
/* How often a machine whose agent is awaited is looked at. */
#define LOOK_MS 5000
#define SERIAL_MAX_BYTES (64u * 1024u * 1024u)
#define SERIAL_SHOWN_BYTES 4000u

static PupVirtDomain *
start(const PupRecipeRun *run, const char *disk, GError **error)
{
    PupGuest guest = run->profile->guest;
    g_autofree char *name = g_strdup_printf("regenerate-%s", run->room);
    g_autofree char *title = g_strdup_printf("Pupitre regenerates room %s", run->room);
    PupWorkbench bench = {0};

    pup_workbench_of_room(&bench, run->profile);
    guest.agent = TRUE; /* it is how steps are done, whatever seats have */
    bench.guest = &guest;
    bench.name = name;
    bench.title = title;
    bench.disk = disk;
    bench.folder = run->folder;
    return pup_workbench_start(run->shop, run->virt, &bench, error);
}

static void
say(const PupRecipeRun *run, const char *text, gsize len)
{
    if (run->output && len > 0)
        run->output(run->data, text, len);
}

/* Why a machine stands still, which its agent cannot tell: it does not answer, or is
 * gone. */
static void
explain_halt(PupVirtDomain *domain, GError **error)
{
    PupVirtStates states = pup_virt_domain_states(domain);

    if (!error || !(states & PUP_VIRT_STUCK))
        return;
    if (states & PUP_VIRT_ENDED) {
        g_prefix_error(error, "the guest shut down by itself: ");
        return;
    }
    g_clear_error(error);
    pup_workbench_check_end(domain, states, error);
}

/* For whoever has to find out why. */
static void
keep_traces(const PupRecipeRun *run, PupVirtDomain *domain)
{
    g_autofree char *path = g_build_filename(run->folder, "serial.log", NULL);
    g_autoptr(GBytes) serial = pup_file_read(path, SERIAL_MAX_BYTES, NULL);
    static const char title[] = "\n-- the guest's serial line:\n";
    const char *text;
    gsize len = 0;

    unlink(run->failed_screen);
    pup_virt_domain_screenshot(domain, run->failed_screen, NULL);
    text = serial ? g_bytes_get_data(serial, &len) : NULL;
    if (len == 0)
        return;
    say(run, title, sizeof title - 1);
    say(run, len > SERIAL_SHOWN_BYTES ? text + len - SERIAL_SHOWN_BYTES : text,
        MIN(len, SERIAL_SHOWN_BYTES));
    say(run, "\n", 1);
}

static PupRecipeGuest
guest_of(const PupRecipeRun *run, PupVirtDomain *domain)
{
    return (PupRecipeGuest){.domain = domain,
                            .folder = run->folder,
                            .output = run->output,
                            .data = run->data,
                            .cancellable = run->shop->cancellable};
}

/* What the guest wrote to its serial line; new string. */
static char *
read_serial(const PupRecipeRun *run)
{
    g_autofree char *path = g_build_filename(run->folder, "serial.log", NULL);
    g_autoptr(GBytes) serial = pup_file_read(path, SERIAL_MAX_BYTES, NULL);

    if (!serial)
        return g_strdup("");
    return g_utf8_make_valid(g_bytes_get_data(serial, NULL),
                             (gssize) g_bytes_get_size(serial));
}

/* A guest whose agent is late is seen on its screen, which keep_traces() saves. */
static void
set_late(const PupRecipeRun *run, PupVirtDomain *domain, gint64 waited_us, GError **error)
{
    g_autofree char *serial = read_serial(run);
    g_autofree char *why = pup_boot_failure_text(
        run->profile->guest.firmware, pup_virt_domain_read_bytes(domain), serial);

    pup_error_set(error, PUP_ERROR_TIMEOUT,
                  "no guest agent in '%s' within %" G_GINT64_FORMAT
                  " s: %s; its screen is kept as '%s'",
                  pup_virt_domain_name(domain), waited_us / G_USEC_PER_SEC, why,
                  run->failed_screen);
}

static gboolean
is_in_vain(const PupRecipeRun *run, PupVirtDomain *domain, PupBootWatch *watch)
{
    g_autofree char *serial = read_serial(run);

    return pup_boot_watch(watch, pup_virt_domain_read_bytes(domain), serial,
                          g_get_monotonic_time());
}

static gboolean
wait_for_agent(const PupRecipeRun *run, PupVirtDomain *domain, GError **error)
{
    gint64 begun_us = g_get_monotonic_time();
    gint64 end_us = begun_us + run->recipe->boot_timeout_s * G_USEC_PER_SEC;
    PupBootWatch watch = {.read_bytes = 0};

    do {
        gint64 left_ms = MAX(0, end_us - g_get_monotonic_time()) / 1000;
        g_autoptr(GError) late = NULL;
        if (pup_agent_wait(domain, MIN(left_ms, LOOK_MS), run->shop->cancellable, &late))
            return TRUE;
        if (!g_error_matches(late, PUP_ERROR, PUP_ERROR_TIMEOUT)) {
            g_propagate_error(error, g_steal_pointer(&late));
            return FALSE;
        }
    } while (g_get_monotonic_time() < end_us && !is_in_vain(run, domain, &watch));
    set_late(run, domain, g_get_monotonic_time() - begun_us, error);
    return FALSE;
}

/* ---- a step --------------------------------------------------------------------------
 */

static gboolean
do_step(const PupRecipeRun *run, const PupRecipeStep *step, PupVirtDomain *domain,
        GError **error)
{
    const PupRecipeGuest guest = guest_of(run, domain);
    unsigned shutdown_s = MAX(step->timeout_s, SHUTDOWN_MIN_S);

    return wait_for_agent(run, domain, error) && pup_failpoint("step-started", error) &&
           pup_recipe_guest_do(&guest, step, error) &&
           (!step->reboot ||
            pup_recipe_guest_restart(&guest, run->recipe->boot_timeout_s, error)) &&
           pup_workbench_stop(domain, shutdown_s, run->shop->cancellable, error);
}

gboolean
pup_recipe_run_step(const PupRecipeRun *run, const PupRecipeStep *step, const char *disk,
                    GError **error)
{
    g_autoptr(PupVirtDomain) domain = start(run, disk, error);

    if (domain && do_step(run, step, domain, error))
        return TRUE;
    if (domain && !g_cancellable_is_cancelled(run->shop->cancellable)) {
        keep_traces(run, domain);
        explain_halt(domain, error);
    }
    g_prefix_error(error, "step %s: ", step->label);
    return FALSE;
}

/* ---- the boot test -------------------------------------------------------------------
 */

static gboolean
test_agent(const PupRecipeRun *run, PupVirtDomain *domain, GError **error)
{
    const PupRecipeGuest guest = guest_of(run, domain);

    if (!wait_for_agent(run, domain, error))
        return FALSE;
    for (unsigned i = 0; i < run->recipe->checks->len; i++) {
        const PupRecipeStep *check = g_ptr_array_index(run->recipe->checks, i);
        if (pup_recipe_guest_do(&guest, check, error))
            continue;
        g_prefix_error(error, "%s: ", check->label);
        return FALSE;
    }
    return TRUE;
}

/* It must not stop; a guest that restarts for ever is told by its picture only. */
static gboolean
test_screen(const PupRecipeRun *run, PupVirtDomain *domain, GError **error)
{
    g_autoptr(GError) late = NULL;
    PupVirtStates states = pup_virt_domain_wait(domain, PUP_VIRT_STUCK,
                                                (gint64) run->recipe->screen_s * 1000,
                                                run->shop->cancellable, &late);

    if (!states && g_error_matches(late, PUP_ERROR, PUP_ERROR_TIMEOUT))
        return TRUE;
    if (!states)
        g_propagate_error(error, g_steal_pointer(&late));
    else
        pup_error_set(error, PUP_ERROR_INVALID, "the guest stopped within %u s",
                      run->recipe->screen_s);
    return FALSE;
}

static gboolean
test_on(const PupRecipeRun *run, PupVirtDomain *domain, const char *screen,
        GError **error)
{
    gboolean passed = run->recipe->boot_test == PUP_BOOT_TEST_SCREEN
                          ? test_screen(run, domain, error)
                          : test_agent(run, domain, error);

    return passed && pup_virt_domain_screenshot(domain, screen, error) &&
           pup_failpoint("boot-tested", error);
}

gboolean
pup_recipe_run_test(const PupRecipeRun *run, const char *disk, const char *screen,
                    GError **error)
{
    g_autoptr(PupVirtDomain) domain = NULL;

    if (run->recipe->boot_test == PUP_BOOT_TEST_NONE)
        return TRUE;
    domain = start(run, disk, error);
    if (domain && test_on(run, domain, screen, error))
        return TRUE;
    if (domain && !g_cancellable_is_cancelled(run->shop->cancellable)) {
        keep_traces(run, domain);
        explain_halt(domain, error);
    }
    g_prefix_error(error, "the boot test failed: ");
    return FALSE;
}
