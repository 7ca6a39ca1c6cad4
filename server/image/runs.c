/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/runs.h"

void
pup_runs_add(GArray *runs, guint64 offset, guint64 len)
{
    guint64 first = offset / PUP_CHUNK_BYTES;
    guint64 end = pup_chunk_count(offset + len);
    PupRun run;

    if (len == 0)
        return;
    if (runs->len > 0) {
        PupRun *last = &g_array_index(runs, PupRun, runs->len - 1);
        if (first <= last->first + last->n) {
            last->n = MAX(last->n, end - last->first);
            return;
        }
    }
    run = (PupRun){.first = first, .n = end - first};
    g_array_append_val(runs, run);
}

static void
append(GArray *runs, guint64 first, guint64 end, gboolean zero)
{
    PupRun run = {.first = first, .n = end - first, .zero = zero};

    if (end > first)
        g_array_append_val(runs, run);
}

GArray *
pup_runs_mark_zero(const GArray *whole, const GArray *data)
{
    GArray *marked = g_array_new(FALSE, FALSE, sizeof(PupRun));
    unsigned next = 0;

    for (unsigned i = 0; i < whole->len; i++) {
        const PupRun *run = &g_array_index(whole, PupRun, i);
        guint64 at = run->first, end = run->first + run->n;

        for (; next < data->len; next++) {
            const PupRun *part = &g_array_index(data, PupRun, next);
            if (part->first >= end)
                break;
            append(marked, at, part->first, TRUE);
            append(marked, part->first, part->first + part->n, FALSE);
            at = part->first + part->n;
        }
        append(marked, at, end, TRUE);
    }
    return marked;
}

guint64
pup_runs_count(const GArray *runs, gboolean data_only)
{
    guint64 n = 0;

    for (unsigned i = 0; i < runs->len; i++) {
        const PupRun *run = &g_array_index(runs, PupRun, i);
        if (!data_only || !run->zero)
            n += run->n;
    }
    return n;
}
