/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * First the versions that no retention keeps, then the bytes that no version needs, then
 * the files that nothing names. A room whose profile cannot be read keeps all it has; all
 * rooms do while nobody can tell what their seats run, as the catalog cannot be read.
 */
#include "server/cli/commands.h"
#include "server/cli/out.h"
#include "server/cli/progress.h"

#include "server/image/layers.h"
#include "server/image/retention.h"
#include "server/store/gc.h"

typedef struct {
    PupCli *cli;
    PupWorkshop shop;
    GHashTable *leaving; /* labels of the versions that go, for the dry run */
    PupGcReport report;
    PupSweepReport left;
    PupLayersReport layers;
} Gc;

static void
say_left(const Gc *gc)
{
    const PupGcReport *report = &gc->report;
    g_autofree char *dead = pup_bytes_format(report->bytes_left);
    g_autofree char *needed = pup_bytes_format(report->bytes_needed);
    g_autofree char *there = pup_bytes_format(report->bytes_free);

    if (report->n_packs_left > 0)
        pup_cli_did(gc->cli, "leave", "left",
                    "%" G_GUINT64_FORMAT " packs with %s that nothing needs: to "
                    "rewrite the next takes %s of free space, and there is %s; make room "
                    "and run gc again",
                    report->n_packs_left, dead, needed, there);
}

static void
say_held(const Gc *gc)
{
    if (gc->left.held)
        pup_cli_did(gc->cli, "leave", "left",
                    "the files of masters that the store does not have: %s; a "
                    "sub-master or layer stands on them, or a room is being worked on",
                    gc->left.held);
}

static void
say_report(const Gc *gc)
{
    const PupGcReport *report = &gc->report;
    g_autofree char *before = pup_bytes_format(report->bytes_before);
    g_autofree char *after = pup_bytes_format(report->bytes_after);
    g_autofree char *swept = pup_bytes_format(gc->left.bytes);
    g_autofree char *layers = pup_bytes_format(gc->layers.bytes);
    gboolean dry = gc->cli->dry_run;

    pup_cli_did(gc->cli, "keep", "kept",
                "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                " chunks; %s %" G_GUINT64_FORMAT " packs, %s %" G_GUINT64_FORMAT
                ": %s before, %s after",
                report->n_live, report->n_chunks, dry ? "remove" : "removed",
                report->n_packs_removed, dry ? "rewrite" : "rewrote",
                report->n_packs_rewritten, before, after);
    say_left(gc);
    if (gc->layers.n_files > 0)
        pup_cli_did(gc->cli, "remove", "removed",
                    "%u layers (%s) that no sub-master and no recipe needs",
                    gc->layers.n_files, layers);
    if (gc->left.n_machines > 0)
        pup_cli_did(gc->cli, "end", "ended",
                    "%u virtual machines that interrupted work left",
                    gc->left.n_machines);
    if (gc->left.n_files > 0)
        pup_cli_did(gc->cli, "remove", "removed", "%u files (%s) that nothing needs",
                    gc->left.n_files, swept);
    say_held(gc);
}

static char *
label_of(PupKind kind, const char *name, unsigned version)
{
    return g_strdup_printf("%s %s@%u", kind == PUP_KIND_MASTER ? "master" : "room", name,
                           version);
}

static void
say_leaving(Gc *gc, PupKind kind, const char *name, const GArray *versions)
{
    for (guint i = 0; i < versions->len; i++) {
        const PupRetained *version = &g_array_index(versions, PupRetained, i);
        char *label;
        if (version->kept != PUP_KEPT_NOT)
            continue;
        label = label_of(kind, name, version->version);
        pup_cli_did(gc->cli, "remove", "removed", "%s", label);
        g_hash_table_add(gc->leaving, label);
    }
}

static gboolean
retire(Gc *gc, PupKind kind, const char *name, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(GArray) versions = kind == PUP_KIND_ROOM
                                     ? pup_retention_room(&gc->shop, name, &why)
                                     : pup_retention_master(&gc->shop, name, &why);
    unsigned n_gone = 0;

    if (!versions) {
        pup_out_complain("all versions of %s stay: %s", name, why->message);
        return TRUE;
    }
    if (!pup_retention_apply(&gc->shop, kind, name, versions, &n_gone, error))
        return FALSE;
    say_leaving(gc, kind, name, versions);
    return TRUE;
}

/* FALSE, said once, where what the seats run cannot be told. */
static gboolean
knows_seats(const Gc *gc)
{
    g_autoptr(GError) why = NULL;
    gint64 made_ms;

    if (pup_catalog_made(gc->shop.catalog, &made_ms, &why))
        return TRUE;
    pup_out_complain("all versions of all rooms stay, as nobody can tell which seats run "
                     "them; see `pupitre fsck`: %s",
                     why->message);
    return FALSE;
}

static gboolean
retire_rooms(Gc *gc, GError **error)
{
    g_auto(GStrv) rooms = pup_catalog_rooms(gc->shop.catalog, error);

    if (!rooms)
        return FALSE;
    if (!knows_seats(gc))
        return TRUE;
    for (char **room = rooms; *room; room++)
        if (!retire(gc, PUP_KIND_ROOM, *room, error))
            return FALSE;
    return TRUE;
}

static gboolean
retire_all(Gc *gc, GError **error)
{
    g_auto(GStrv) masters = NULL;

    if (!retire_rooms(gc, error))
        return FALSE;
    masters = pup_store_names(gc->shop.store, PUP_KIND_MASTER, error);
    if (!masters)
        return FALSE;
    for (char **master = masters; *master; master++)
        if (!retire(gc, PUP_KIND_MASTER, *master, error))
            return FALSE;
    return TRUE;
}

static gboolean
is_leaving(gpointer data, PupKind kind, const char *name, unsigned version)
{
    g_autofree char *label = label_of(kind, name, version);

    return g_hash_table_contains(((const Gc *) data)->leaving, label);
}

static gboolean
collect(Gc *gc, PupBar *bar, GError **error)
{
    const PupGcOptions options = {.dry_run = gc->cli->dry_run,
                                  .is_leaving = is_leaving,
                                  .leaving_data = gc,
                                  .progress = pup_bar_update,
                                  .progress_data = bar};

    return pup_gc_with(gc->shop.store, &options, &gc->report, error) &&
           pup_workshop_sweep(&gc->shop, &gc->left, error);
}

static void
free_layers(Gc *gc)
{
    g_autoptr(GError) why = NULL;

    if (!pup_layers_free(&gc->shop, &gc->layers, &why))
        pup_out_complain("%s", why->message);
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_auto(GStrv) args = g_strdupv(argv);
    g_autoptr(PupBar) bar = NULL;
    g_autoptr(GHashTable) leaving =
        g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Gc gc = {.cli = cli, .leaving = leaving};

    if (!pup_cli_parse(cli, NULL, &args, error) ||
        !pup_cli_workshop_anyhow(cli, &gc.shop, error))
        return FALSE;
    /* First what keeps a master's version. */
    free_layers(&gc);
    if (!retire_all(&gc, error))
        return FALSE;
    bar = pup_bar_new(cli->quiet);
    if (!collect(&gc, bar, error))
        return FALSE;
    g_clear_pointer(&bar, pup_bar_free);
    say_report(&gc);
    g_free(gc.left.held);
    return TRUE;
}

const PupCommand pup_cmd_gc = {
    .name = "gc",
    .args = "",
    .summary = "Remove old versions, give back what nothing needs",
    .flags = PUP_CLI_CHANGES,
    .run = run,
};
