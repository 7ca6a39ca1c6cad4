/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virt-lab - the server's virtual machines, step by step, for the end-to-end tests
 *
 *     virt-lab CONFIG [keep NAME] STEP [ARGUMENT ...] ...
 *
 *     start FILE         the domain that the XML in FILE describes; type= and emulator
 *                        are the caller's business
 *     bench DISK FOLDER  a workbench of the guest on DISK, a BIOS guest, not watched
 *     find NAME          one of an earlier process
 *     names              print the names of all
 *     agent SECONDS      wait for the guest agent
 *     put FILE PATH      write FILE's bytes as PATH of the guest
 *     run SECONDS LINE   run "sh -c LINE" in the guest; prints what that prints, and its
 *                        status
 *     until WORD SECONDS wait for running, paused, full, halted, ended, crashed,
 *                        destroyed
 *     shutdown, reboot, resume, destroy
 *     stop SECONDS       have the guest shut down and wait for its end
 *     reboots SECONDS    wait until it has restarted once
 *     spice              print where to watch
 *     screen FILE        save the screen as PNG
 *     written DISK       print the number of bytes
 *     pools              have the libvirt daemon know the folders
 *     hang               until killed
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "server/image/agent.h"
#include "server/image/workbench.h"

typedef struct {
    PupSettings *settings;
    PupVirt *virt;
    PupVirtDomain *domain;
} Lab;

static gint64
number(const char *word)
{
    return (gint64) g_ascii_strtoull(word, NULL, 10);
}

typedef gboolean (*StepFunc)(Lab *lab, char **args, GError **error);

static gboolean
start(Lab *lab, char **args, GError **error)
{
    g_autofree char *xml = NULL;

    if (!g_file_get_contents(args[0], &xml, NULL, error))
        return FALSE;
    lab->domain = pup_virt_start(lab->virt, xml, error);
    return lab->domain != NULL;
}

static gboolean
bench(Lab *lab, char **args, GError **error)
{
    const PupWorkshop shop = {.settings = lab->settings};
    PupGuest guest;
    const PupWorkbench made = {.name = "bench",
                               .disk = args[0],
                               .folder = args[1],
                               .guest = &guest,
                               .cpus = 1,
                               .memory_mib = 192};

    pup_guest_defaults(&guest);
    guest.firmware = PUP_FIRMWARE_BIOS;
    lab->domain = pup_workbench_start(&shop, lab->virt, &made, error);
    return lab->domain != NULL;
}

static gboolean
find(Lab *lab, char **args, GError **error)
{
    lab->domain = pup_virt_find(lab->virt, args[0], error);
    return lab->domain != NULL;
}

static gboolean
names(Lab *lab, char **args, GError **error)
{
    g_auto(GStrv) list = pup_virt_names(lab->virt, error);

    for (unsigned i = 0; list && list[i]; i++)
        puts(list[i]);
    return list != NULL;
}

static gboolean
agent(Lab *lab, char **args, GError **error)
{
    return pup_agent_wait(lab->domain, number(args[0]) * 1000, NULL, error);
}

static gboolean
put(Lab *lab, char **args, GError **error)
{
    g_autoptr(GBytes) bytes = pup_file_read(args[0], 64u * 1024u * 1024u, error);

    return bytes && pup_agent_write_file(lab->domain, args[1], bytes, NULL, error);
}

static void
print_output(gpointer data, const char *text, gsize len)
{
    fwrite(text, 1, len, stdout);
}

static gboolean
run(Lab *lab, char **args, GError **error)
{
    const char *const argv[] = {"/bin/sh", "-c", args[1], NULL};
    PupAgentCommand command = {
        .argv = argv, .timeout_s = (unsigned) number(args[0]), .output = print_output};
    int status = -1;

    if (!pup_agent_run(lab->domain, &command, &status, error))
        return FALSE;
    printf("status %d\n", status);
    return TRUE;
}

static gboolean
until(Lab *lab, char **args, GError **error)
{
    static const char *const words[] = {"running", "paused",  "full",      "halted",
                                        "ended",   "crashed", "destroyed", "lost"};

    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++)
        if (strcmp(words[i], args[0]) == 0)
            return pup_virt_domain_wait(lab->domain, 1u << i, number(args[1]) * 1000,
                                        NULL, error) != 0;
    pup_error_set(error, PUP_ERROR_INVALID, "'%s' is no state", args[0]);
    return FALSE;
}

static gboolean
shut_down(Lab *lab, char **args, GError **error)
{
    return pup_virt_domain_shutdown(lab->domain, error);
}

static gboolean
reboot(Lab *lab, char **args, GError **error)
{
    return pup_virt_domain_reboot(lab->domain, error);
}

static gboolean
stop(Lab *lab, char **args, GError **error)
{
    return pup_workbench_stop(lab->domain, (unsigned) number(args[0]), NULL, error);
}

static gboolean
resume(Lab *lab, char **args, GError **error)
{
    return pup_virt_domain_resume(lab->domain, error);
}

static gboolean
destroy(Lab *lab, char **args, GError **error)
{
    return pup_virt_domain_destroy(lab->domain, error);
}

static gboolean
reboots(Lab *lab, char **args, GError **error)
{
    return pup_virt_domain_wait(lab->domain, PUP_VIRT_NO_AGENT, number(args[0]) * 1000,
                                NULL, error) != 0 &&
           pup_agent_wait(lab->domain, number(args[0]) * 1000, NULL, error) &&
           pup_virt_domain_n_reboots(lab->domain) > 0;
}

static gboolean
spice(Lab *lab, char **args, GError **error)
{
    g_autofree char *address = pup_virt_domain_spice(lab->domain, error);

    printf("%s\n", address ? address : "no address");
    return address != NULL;
}

static gboolean
screen(Lab *lab, char **args, GError **error)
{
    return pup_virt_domain_screenshot(lab->domain, args[0], error);
}

static gboolean
written(Lab *lab, char **args, GError **error)
{
    printf("%" G_GUINT64_FORMAT "\n", pup_virt_domain_written(lab->domain, args[0]));
    return TRUE;
}

static gboolean
pools(Lab *lab, char **args, GError **error)
{
    return pup_virt_refresh_pools(lab->settings, error);
}

static gboolean
hang(Lab *lab, char **args, GError **error)
{
    while (pause() < 0)
        continue;
    return TRUE;
}

static const struct {
    const char *name;
    unsigned n_args;
    StepFunc run;
} steps[] = {
    {"start", 1, start},     {"bench", 2, bench},
    {"stop", 1, stop},       {"find", 1, find},
    {"names", 0, names},     {"agent", 1, agent},
    {"put", 2, put},         {"run", 2, run},
    {"until", 2, until},     {"shutdown", 0, shut_down},
    {"reboot", 0, reboot},   {"resume", 0, resume},
    {"destroy", 0, destroy}, {"reboots", 1, reboots},
    {"spice", 0, spice},     {"screen", 1, screen},
    {"written", 1, written}, {"pools", 0, pools},
    {"hang", 0, hang},
};

/* Run the step at *@words and go on behind it. */
static gboolean
run_step(Lab *lab, char ***words, GError **error)
{
    const char *name = (*words)[0];
    char **args = *words + 1;

    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (strcmp(steps[i].name, name) != 0)
            continue;
        if (g_strv_length(args) < steps[i].n_args)
            break;
        *words = args + steps[i].n_args;
        if (!steps[i].run(lab, args, error)) {
            if (error && !*error)
                pup_error_set(error, PUP_ERROR_NOT_FOUND, "it did not happen");
            g_prefix_error(error, "%s: ", name);
            return FALSE;
        }
        fflush(stdout);
        return TRUE;
    }
    pup_error_set(error, PUP_ERROR_INVALID, "'%s' is no step, or lacks an argument",
                  name);
    return FALSE;
}

static gboolean
run_all(Lab *lab, char **words, GError **error)
{
    gboolean kept = words[1] && words[2] && strcmp(words[1], "keep") == 0;

    lab->settings = pup_settings_load(words[0], error);
    if (!lab->settings)
        return FALSE;
    lab->virt = kept ? pup_virt_open_kept(lab->settings, words[2], error)
                     : pup_virt_open(lab->settings, error);
    if (!lab->virt)
        return FALSE;
    for (words += kept ? 3 : 1; *words;)
        if (!run_step(lab, &words, error))
            return FALSE;
    return TRUE;
}

int
main(int argc, char **argv)
{
    Lab lab = {0};
    g_autoptr(GError) error = NULL;
    gboolean good = argc > 2 && run_all(&lab, argv + 1, &error);

    if (!good)
        fprintf(stderr, "virt-lab: %s\n",
                error ? error->message : "usage: see the source");
    g_clear_pointer(&lab.domain, pup_virt_domain_free);
    g_clear_pointer(&lab.virt, pup_virt_free);
    g_clear_pointer(&lab.settings, pup_settings_free);
    return good ? EXIT_SUCCESS : pup_error_exit_status(error);
}
