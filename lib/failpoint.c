/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/failpoint.h"

#include "lib/error.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef enum { ACTION_KILL, ACTION_STOP, ACTION_ENOSPC, ACTION_EIO } Action;

struct PupFailpoint {
    char *name;
    guint64 count;
    Action action;
    int passed; /* atomic */
};

PupFailpoint *pup_failpoint_armed;

static const char *const action_words[] = {"kill", "stop", "enospc", "eio", NULL};

static const char *const point_names[] = {
    /* lib/file.c: every file that is put into place at once */
    "file-created",
    "file-written",
    "file-synced",
    "file-renamed",
    "file-in-place",
    /* server/store: a publish */
    "write-begun",
    "pack-created",
    "pack-started",
    "chunk-reserved",
    "chunk-half-written",
    "chunk-written",
    "commit-begun",
    "name-locked",
    "pack-ended",
    "pack-synced",
    "pack-renamed",
    "pack-in-place",
    "index-in-place",
    "pack-done",
    "signature-in-place",
    "manifest-in-place",
    "name-moved",
    "canary-placed",
    /* server/store: a canary is decided on */
    "current-set",
    "canary-gone",
    /* server/store: gc */
    "gc-locked",
    "gc-marked",
    "gc-leftover-removed",
    "gc-index-removed",
    "gc-pack-removed",
    "gc-removals-synced",
    "gc-copied",
    "gc-rewritten",
    "gc-done",
    /* server/store: the end of a room or master */
    "remove-locked",
    "remove-name-gone",
    "remove-hidden",
    "remove-done",
    /* server/store: the end of single versions */
    "version-file-removed",
    "versions-gone",
    /* server/image */
    "import-begun",
    "import-copied",
    "import-placed",
    "backup-frozen",
    "backup-begun",
    "install-started",
    "install-ended",
    "master-forgotten",
    "publish-planned",
    "publish-hashed",
    "edit-made",
    "edit-started",
    "edit-kept",
    "edit-committed",
    "compact-copied",
    "compact-compared",
    "rename-begun",
    "rename-stored",
    "rename-linked",
    "rename-committed",
    "rename-told",
    "rename-followed",
    "rename-done",
    "step-started",
    "step-ended",
    "layer-placed",
    "boot-tested",
    "regenerate-made",
    "regenerate-published",
    NULL,
};

const char *const *
pup_failpoint_names(void)
{
    return point_names;
}

static void
point_free(PupFailpoint *point)
{
    if (!point)
        return;
    g_free(point->name);
    g_free(point);
}

static gboolean
find_word(const char *const *words, const char *word, unsigned *index)
{
    for (unsigned i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0) {
            *index = i;
            return TRUE;
        }
    }
    return FALSE;
}

static PupFailpoint *
point_parse(const char *spec, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(spec, ":", 3);
    unsigned where, action;
    guint64 count;
    if (g_strv_length(parts) != 3 || !find_word(point_names, parts[0], &where) ||
        !g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXINT, &count, NULL) ||
        !find_word(action_words, parts[2], &action)) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' is not a fail point NAME:COUNT:kill|stop|enospc|eio", spec);
        return NULL;
    }
    PupFailpoint *point = g_new0(PupFailpoint, 1);
    point->name = g_strdup(parts[0]);
    point->count = count;
    point->action = (Action) action;
    return point;
}

gboolean
pup_failpoint_arm(const char *spec, GError **error)
{
    PupFailpoint *point = NULL;
    if (spec) {
        point = point_parse(spec, error);
        if (!point)
            return FALSE;
    }
    point_free(pup_failpoint_armed);
    pup_failpoint_armed = point;
    return TRUE;
}

gboolean
pup_failpoint_hit(const char *name, GError **error)
{
    unsigned where;
    if (!find_word(point_names, name, &where))
        g_error("fail point '%s' is missing in the table", name);
    PupFailpoint *point = pup_failpoint_armed;
    if (strcmp(point->name, name) != 0)
        return TRUE;
    if ((guint64) g_atomic_int_add(&point->passed, 1) + 1 < point->count)
        return TRUE;
    if (point->action == ACTION_KILL)
        kill(getpid(), SIGKILL);
    if (point->action == ACTION_STOP) {
        if (g_atomic_int_get(&point->passed) == (int) point->count)
            kill(getpid(), SIGSTOP);
        return TRUE;
    }
    pup_error_set_errno(error, point->action == ACTION_ENOSPC ? ENOSPC : EIO,
                        "fail point '%s'", name);
    return FALSE;
}

static void
print_names(void)
{
    for (const char *const *name = point_names; *name; name++)
        puts(*name);
}

/* Before main(), so that no program has to think of it. */
__attribute__((constructor)) static void
arm_from_environment(void)
{
    const char *spec = getenv("PUPITRE_FAILPOINT");
    if (!spec || !*spec)
        return;
    if (strcmp(spec, "list") == 0) {
        print_names();
        exit(0);
    }
    g_autoptr(GError) error = NULL;
    if (!pup_failpoint_arm(spec, &error)) {
        fprintf(stderr, "PUPITRE_FAILPOINT: %s\n", error->message);
        exit(2);
    }
}
