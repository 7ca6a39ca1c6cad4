/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Files go as one archive, which the guest's own tar unpacks: the agent writes single
 * files into folders that are there, and knows no permissions. Only files, links and
 * folders without any are named in it, so that the folders of the guest keep theirs.
 */
#include "server/image/recipe_guest.h"

#include <string.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"
#include "server/image/child.h"
#include "server/image/recipe_script.h"

#define SH_FOLDER "/var/tmp"
#define PS_FOLDER "C:\\Windows\\Temp"
#define PS_PROGRAM "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe"
#define SMALL_TIMEOUT_S 60
#define LAST_WORDS 300u

/* What differs between the guests' shells. */
static const struct {
    const char *script, *archive; /* paths in the guest */
    const char *unpack[4];
    const char *run[8];
    const char *begin[4]; /* before anything else; NULL: nothing */
    const char *clean[4];
} shells[] = {
    [PUP_SHELL_SH] = {SH_FOLDER "/pupitre-step.sh",
                      SH_FOLDER "/pupitre-step.tar",
                      {"/bin/sh", "-c",
                       "exec tar -xf " SH_FOLDER "/pupitre-step.tar -C /"},
                      {"/bin/sh", SH_FOLDER "/pupitre-step.sh"},
                      {"/bin/sh", "-c", "exec mkdir -p " SH_FOLDER},
                      {"/bin/sh", "-c", "rm -f " SH_FOLDER "/pupitre-step.*; sync"}},
    [PUP_SHELL_POWERSHELL] = {PS_FOLDER "\\pupitre-step.ps1",
                              PS_FOLDER "\\pupitre-step.tar",
                              {"C:\\Windows\\System32\\cmd.exe", "/c",
                               "tar.exe -xf " PS_FOLDER "\\pupitre-step.tar -C C:\\"},
                              {PS_PROGRAM, "-NoProfile", "-NonInteractive",
                               "-ExecutionPolicy", "Bypass", "-File",
                               PS_FOLDER "\\pupitre-step.ps1"},
                              {NULL},
                              {"C:\\Windows\\System32\\cmd.exe", "/c",
                               "del /q " PS_FOLDER "\\pupitre-step.*"}},
};

/* What a script printed last, for a message. */
typedef struct {
    const PupRecipeGuest *guest;
    GString *last;
} Words;

static void
take_output(gpointer data, const char *text, gsize len)
{
    Words *words = data;

    if (words->guest->output)
        words->guest->output(words->guest->data, text, len);
    if (len > LAST_WORDS)
        g_string_append_len(words->last, text + len - LAST_WORDS, LAST_WORDS);
    else
        g_string_append_len(words->last, text, (gssize) len);
}

/* The last line with something in it, as printable text; new string. */
static char *
last_line(const GString *text)
{
    g_autofree char *valid = g_utf8_make_valid(text->str, (gssize) text->len);
    char *line;

    g_strchomp(valid);
    line = strrchr(valid, '\n');
    line = line ? line + 1 : valid;
    for (char *at = line; *at; at++)
        if ((guchar) *at < ' ')
            *at = ' ';
    return g_strdup(line);
}

/* Run @argv; a status other than 0 is INVALID with @what and the last line. */
static gboolean
run(const PupRecipeGuest *guest, const char *const *argv, unsigned timeout_s,
    const char *what, GError **error)
{
    g_autoptr(GString) last = g_string_new(NULL);
    Words words = {guest, last};
    const PupAgentCommand command = {.argv = argv,
                                     .timeout_s = timeout_s,
                                     .output = take_output,
                                     .data = &words,
                                     .cancellable = guest->cancellable};
    g_autofree char *line = NULL;
    int status = 0;

    if (!pup_agent_run(guest->domain, &command, &status, error))
        return FALSE;
    if (status == 0)
        return TRUE;
    line = last_line(last);
    pup_error_set(error, PUP_ERROR_INVALID, "%s failed with status %d%s%s%s", what,
                  status, *line ? " ('" : "", line, *line ? "')" : "");
    return FALSE;
}

/* ---- files ---------------------------------------------------------------------------
 */

static gboolean
is_folder_of(const char *path, const char *next)
{
    size_t len = strlen(path);

    return next && strncmp(path, next, len) == 0 && next[len] == '/';
}

/* The names that go into the archive: NUL-terminated, for tar's --null. */
static GString *
names_of(char **paths)
{
    GString *names = g_string_new(NULL);

    for (char **path = paths; *path; path++)
        if (!is_folder_of(path[0], path[1]))
            g_string_append_len(names, *path, (gssize) strlen(*path) + 1);
    return names;
}

static gboolean
make_archive(const PupRecipeGuest *guest, const PupRecipeStep *step, const char *archive,
             GError **error)
{
    g_autofree char *list = g_build_filename(guest->folder, "names", NULL);
    const char *const argv[] = {"tar",
                                "--create",
                                "--format=gnu",
                                "--owner=0",
                                "--group=0",
                                "--numeric-owner",
                                "--no-recursion",
                                "--null",
                                "--file",
                                archive,
                                "--directory",
                                step->files,
                                "--verbatim-files-from",
                                "--files-from",
                                list,
                                NULL};
    g_auto(GStrv) paths = pup_recipe_list_files(step->files, error);
    g_autoptr(GString) names = paths ? names_of(paths) : NULL;
    gboolean done;

    if (!names || !pup_file_replace(list, names->str, names->len, 0600, error))
        return FALSE;
    done = pup_child_run(argv, "cannot pack the files", NULL, guest->cancellable, error);
    unlink(list);
    return done;
}

static GBytes *
map_file(const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GMappedFile) mapped = g_mapped_file_new(path, FALSE, &why);

    if (mapped)
        return g_mapped_file_get_bytes(mapped);
    pup_error_set(error, PUP_ERROR_IO, "cannot read '%s': %s", path, why->message);
    return NULL;
}

static gboolean
place_files(const PupRecipeGuest *guest, const PupRecipeStep *step, GError **error)
{
    g_autofree char *archive = g_build_filename(guest->folder, "files.tar", NULL);
    g_autoptr(GBytes) bytes = NULL;

    if (make_archive(guest, step, archive, error))
        bytes = map_file(archive, error);
    unlink(archive);
    return bytes &&
           pup_agent_write_file(guest->domain, shells[step->shell].archive, bytes,
                                guest->cancellable, error) &&
           run(guest, shells[step->shell].unpack, step->timeout_s, "placing its files",
               error);
}

/* ---- script --------------------------------------------------------------------------
 */

static gboolean
run_script(const PupRecipeGuest *guest, const PupRecipeStep *step, GError **error)
{
    g_autoptr(GBytes) file = pup_file_read(step->script, PUP_SCRIPT_MAX_BYTES, error);
    g_autoptr(GBytes) text =
        file ? pup_recipe_script(step->script, file, step->shell, error) : NULL;

    return text &&
           pup_agent_write_file(guest->domain, shells[step->shell].script, text,
                                guest->cancellable, error) &&
           run(guest, shells[step->shell].run, step->timeout_s, "its script", error);
}

gboolean
pup_recipe_guest_do(const PupRecipeGuest *guest, const PupRecipeStep *step,
                    GError **error)
{
    const char *const *begin = shells[step->shell].begin;

    return (!begin[0] ||
            run(guest, begin, SMALL_TIMEOUT_S, "making its folder", error)) &&
           (!step->files || place_files(guest, step, error)) &&
           (!step->script || run_script(guest, step, error)) &&
           run(guest, shells[step->shell].clean, SMALL_TIMEOUT_S, "cleaning up", error);
}

gboolean
pup_recipe_guest_restart(const PupRecipeGuest *guest, unsigned timeout_s, GError **error)
{
    unsigned before = pup_virt_domain_n_reboots(guest->domain);
    gint64 timeout_ms = (gint64) timeout_s * 1000;

    if (!pup_virt_domain_reboot(guest->domain, error))
        return FALSE;
    if (!pup_virt_domain_wait(guest->domain, PUP_VIRT_NO_AGENT | PUP_VIRT_STUCK,
                              timeout_ms, guest->cancellable, error)) {
        g_prefix_error(error, "the guest does not restart: ");
        return FALSE;
    }
    if (!pup_agent_wait(guest->domain, timeout_ms, guest->cancellable, error))
        return FALSE;
    if (pup_virt_domain_n_reboots(guest->domain) > before)
        return TRUE;
    pup_error_set(error, PUP_ERROR_IO,
                  "the guest's agent was restarted, and not the guest");
    return FALSE;
}
