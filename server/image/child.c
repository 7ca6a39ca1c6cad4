/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/child.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "lib/error.h"

#define OUTPUT_MAX (4u * 1024u * 1024u)

/* Between fork and exec: async-signal-safe calls only. */
static void
set_up_child(gpointer data)
{
    pid_t parent = (pid_t) GPOINTER_TO_INT(data);
    sigset_t none;

    setpgid(0, 0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127); /* it died before the line above */
}

/* What children find in their environment, whatever is in ours. QEMU takes a buffer for
 * each request; glibc would give it back to the kernel each time and have every page of
 * it come anew, which cost an import half of its time. */
static void
set_environment(GSubprocessLauncher *launcher)
{
    static const char *const variables[][2] = {
        {"LC_ALL", "C"},
        {"MALLOC_MMAP_THRESHOLD_", "67108864"},
        {"MALLOC_TRIM_THRESHOLD_", "268435456"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(variables); i++)
        g_subprocess_launcher_setenv(launcher, variables[i][0], variables[i][1], TRUE);
}

GSubprocess *
pup_child_spawn(const char *const *argv, GSubprocessFlags flags, GError **error)
{
    g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(flags);
    g_autoptr(GError) failed = NULL;
    GSubprocess *child;

    set_environment(launcher);
    g_subprocess_launcher_set_child_setup(launcher, set_up_child,
                                          GINT_TO_POINTER((int) getpid()), NULL);
    child = g_subprocess_launcher_spawnv(launcher, argv, &failed);
    if (child)
        return child;
    if (g_error_matches(failed, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT))
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "cannot run '%s': it is not installed (package %s)", argv[0],
                      strcmp(argv[0], "xorriso") == 0 ? argv[0] : "qemu-utils");
    else
        pup_error_set(error, PUP_ERROR_IO, "cannot run '%s': %s", argv[0],
                      failed->message);
    return NULL;
}

void
pup_child_set_error(GError **error, const char *what, const char *words)
{
    static const struct {
        const char *words;
        PupErrorCode code;
    } known[] = {
        {"No space left on device", PUP_ERROR_NO_SPACE},
        {"Disk quota exceeded", PUP_ERROR_NO_SPACE},
        {"\" lock", PUP_ERROR_BUSY},
        {"Permission denied", PUP_ERROR_DENIED},
        {"No such file or directory", PUP_ERROR_NOT_FOUND},
        {"Input/output error", PUP_ERROR_IO},
        {"been truncated", PUP_ERROR_CORRUPT},
    };
    g_autofree char *line = g_strstrip(g_strdup(words ? words : ""));
    PupErrorCode code = PUP_ERROR_INVALID;

    for (unsigned i = 0; i < G_N_ELEMENTS(known); i++)
        if (strstr(line, known[i].words)) {
            code = known[i].code;
            break;
        }
    g_strdelimit(line, "\n", ' ');
    if (code == PUP_ERROR_BUSY)
        pup_error_set(error, code, "%s: the image is in use by another program (%s)",
                      what, line);
    else if (code == PUP_ERROR_CORRUPT)
        pup_error_set(error, code,
                      "%s: it is not whole; copy it again from where it was made (%s)",
                      what, line);
    else
        pup_error_set(error, code, "%s: %s", what, *line ? line : "it failed silently");
}

/* Kill and reap. */
static void
end_child(GSubprocess *child)
{
    g_subprocess_force_exit(child);
    g_subprocess_wait(child, NULL, NULL);
}

/* What programs print holds names of files: bytes, in no encoding. New string. */
static char *
text_of(GBytes *bytes)
{
    gsize len = 0;
    const char *data = bytes ? g_bytes_get_data(bytes, &len) : NULL;

    return g_strndup(data ? data : "", len);
}

/* Read all that @child says, to its end. */
static gboolean
listen(GSubprocess *child, char **out, char **words, GCancellable *cancellable,
       GError **error)
{
    g_autoptr(GBytes) out_bytes = NULL;
    g_autoptr(GBytes) words_bytes = NULL;

    if (!g_subprocess_communicate(child, NULL, cancellable, &out_bytes, &words_bytes,
                                  error)) {
        end_child(child);
        return FALSE;
    }
    if (out)
        *out = text_of(out_bytes);
    *words = text_of(words_bytes);
    return TRUE;
}

char *
pup_child_words(GSubprocess *child)
{
    char *words = NULL;

    listen(child, NULL, &words, NULL, NULL);
    return words;
}

gboolean
pup_child_run(const char *const *argv, const char *what, char **output,
              GCancellable *cancellable, GError **error)
{
    g_autoptr(GSubprocess) child = pup_child_spawn(
        argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
    g_autofree char *out = NULL, *words = NULL;

    if (!child || !listen(child, &out, &words, cancellable, error))
        return FALSE;
    if (!g_subprocess_get_successful(child)) {
        pup_child_set_error(error, what, words);
        return FALSE;
    }
    if (output)
        *output = g_steal_pointer(&out);
    return TRUE;
}

gboolean
pup_child_run_status(const char *const *argv, int *status, char **words,
                     GCancellable *cancellable, GError **error)
{
    g_autoptr(GSubprocess) child = pup_child_spawn(
        argv, G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);

    if (!child || !listen(child, NULL, words, cancellable, error))
        return FALSE;
    *status =
        g_subprocess_get_if_exited(child) ? g_subprocess_get_exit_status(child) : -1;
    return TRUE;
}

typedef struct {
    GString *line;  /* not yet ended */
    GString *words; /* lines that were not taken */
    PupChildLine take;
    gpointer data;
} Output;

static void
end_of_line(Output *output)
{
    const char *line = g_strchug(output->line->str);

    if (*line && !output->take(output->data, line) && output->words->len < OUTPUT_MAX)
        g_string_append_printf(output->words, "%s\n", line);
    g_string_truncate(output->line, 0);
}

static gboolean
follow_output(GInputStream *stream, Output *output, GCancellable *cancellable,
              GError **error)
{
    char buf[4096];
    gssize n;

    while ((n = g_input_stream_read(stream, buf, sizeof buf, cancellable, error)) > 0)
        for (gssize i = 0; i < n; i++)
            if (buf[i] == '\r' || buf[i] == '\n')
                end_of_line(output);
            else if (output->line->len < sizeof buf)
                g_string_append_c(output->line, buf[i]);
    end_of_line(output);
    return n == 0;
}

gboolean
pup_child_run_lines(const char *const *argv, const char *what, PupChildLine take,
                    gpointer data, GCancellable *cancellable, GError **error)
{
    g_autoptr(GSubprocess) child = pup_child_spawn(
        argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, error);
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(GString) words = g_string_new(NULL);
    Output output = {line, words, take, data};

    if (!child)
        return FALSE;
    if (!follow_output(g_subprocess_get_stdout_pipe(child), &output, cancellable,
                       error)) {
        end_child(child);
        return FALSE;
    }
    g_subprocess_wait(child, NULL, NULL);
    if (g_subprocess_get_successful(child))
        return TRUE;
    pup_child_set_error(error, what, words->str);
    return FALSE;
}

typedef struct {
    PupChildPercent percent;
    gpointer data;
} Percent;

/* qemu-img -p prints "    (12.34/100%)\r". */
static gboolean
take_percent(gpointer data, const char *line)
{
    const Percent *to = data;
    char *end = NULL;
    double percent = line[0] == '(' ? g_ascii_strtod(line + 1, &end) : 0;

    if (!end || !g_str_has_prefix(end, "/100%)"))
        return FALSE;
    to->percent(to->data, percent);
    return TRUE;
}

gboolean
pup_child_run_percent(const char *const *argv, const char *what, PupChildPercent percent,
                      gpointer data, GCancellable *cancellable, GError **error)
{
    Percent to = {percent, data};

    return pup_child_run_lines(argv, what, take_percent, &to, cancellable, error);
}
