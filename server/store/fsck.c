/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The backend rehashes every byte first (ops.h, check_run). Then each version is followed
 * from its signature to its chunks, and what it needs is looked up in what was found. The
 * versions are listed before the bytes are read: one that is published meanwhile is left
 * to the next run. A map page all of whose chunks are good is walked once, however many
 * versions share it.
 */
#include "config.h"
#include "server/store/ops.h"

#include "lib/error.h"

typedef struct {
    PupKind kind;
    char *name;
    unsigned version;
    char *label; /* "lab-101@7" */
} Version;

/* Chunks that one thing brings back. */
typedef struct {
    PupFsckFinding *finding;
    PupChunkState state;
    GHashTable *names; /* of PupName */
} Group;

typedef struct {
    PupStore *store;
    PupCheck *check;
    const PupPublicKey *key;
    gboolean repair;
    PupFsckReport *report;
    GPtrArray *versions;   /* of Version */
    GHashTable *by_object; /* finding's object -> PupFsckFinding, chunks only */
    GHashTable *harmed;    /* PupFsckFinding -> GPtrArray of Version */
    GHashTable *groups;    /* what is told together -> Group */
    GHashTable *clean_pages;
    guint8 *plain;
} Fsck;

static void
free_finding(gpointer data)
{
    PupFsckFinding *finding = data;
    g_free(finding->object);
    g_free(finding->problem);
    g_strfreev(finding->versions);
    g_free(finding);
}

void
pup_fsck_report_free(PupFsckReport *report)
{
    if (!report)
        return;
    g_ptr_array_unref(report->findings);
    g_free(report);
}

static PupFsckReport *
report_new(void)
{
    PupFsckReport *report = g_new0(PupFsckReport, 1);
    report->findings = g_ptr_array_new_with_free_func(free_finding);
    return report;
}

PupFsckFinding *
pup_fsck_add(PupFsckReport *report, gboolean harmless, char *object, char *problem)
{
    PupFsckFinding *finding = g_new0(PupFsckFinding, 1);
    finding->object = object;
    finding->problem = problem;
    finding->harmless = harmless;
    finding->versions = g_new0(char *, 1);
    g_ptr_array_add(report->findings, finding);
    return finding;
}

static void
free_version(gpointer data)
{
    Version *version = data;
    g_free(version->name);
    g_free(version->label);
    g_free(version);
}

static void
unref_versions(gpointer versions)
{
    g_ptr_array_unref(versions);
}

static void
free_group(gpointer data)
{
    Group *group = data;
    g_hash_table_destroy(group->names);
    g_free(group);
}

static void
add_harmed(Fsck *fsck, PupFsckFinding *finding, const Version *version)
{
    GPtrArray *versions = g_hash_table_lookup(fsck->harmed, finding);
    if (!versions) {
        versions = g_ptr_array_new();
        g_hash_table_insert(fsck->harmed, finding, versions);
    }
    /* Versions come one after the other, so a second mention is the last one. */
    if (versions->len == 0 || g_ptr_array_index(versions, versions->len - 1) != version)
        g_ptr_array_add(versions, (gpointer) version);
}

static void
index_chunk_findings(Fsck *fsck)
{
    for (guint i = 0; i < fsck->report->findings->len; i++) {
        PupFsckFinding *finding = g_ptr_array_index(fsck->report->findings, i);
        if (g_str_has_prefix(finding->object, "chunk "))
            g_hash_table_insert(fsck->by_object, finding->object, finding);
    }
}

static void
blame_chunk(Fsck *fsck, const PupName *name, const char *problem, const Version *version)
{
    char hex[PUP_NAME_HEX_LEN + 1];
    pup_name_to_hex(name, hex);
    g_autofree char *object = g_strdup_printf("chunk %s", hex);
    PupFsckFinding *finding = g_hash_table_lookup(fsck->by_object, object);
    if (!finding) {
        finding = pup_fsck_add(fsck->report, FALSE, g_steal_pointer(&object),
                               g_strdup(problem));
        finding->remedy = PUP_FSCK_DAMAGED;
        g_hash_table_insert(fsck->by_object, finding->object, finding);
    }
    add_harmed(fsck, finding, version);
}

/* What was said of @object already, as of a pack that is gone; else anew. */
static PupFsckFinding *
finding_of_group(Fsck *fsck, PupChunkState state, const char *object)
{
    PupFsckFinding *finding;
    for (guint i = 0; state == PUP_CHUNK_LOST && i < fsck->report->findings->len; i++) {
        finding = g_ptr_array_index(fsck->report->findings, i);
        if (!finding->harmless && strcmp(finding->object, object) == 0)
            return finding;
    }
    finding = pup_fsck_add(fsck->report, FALSE, g_strdup(object), g_strdup(""));
    finding->remedy = state == PUP_CHUNK_UNLISTED ? PUP_FSCK_REPAIR : PUP_FSCK_MISSING;
    return finding;
}

static void
blame_group(Fsck *fsck, PupChunkState state, const char *object, const PupName *name,
            const Version *version)
{
    g_autofree char *key = g_strdup_printf("%d %s", (int) state, object ? object : "");
    Group *group = g_hash_table_lookup(fsck->groups, key);
    if (!group) {
        group = g_new0(Group, 1);
        group->state = state;
        group->finding = finding_of_group(fsck, state, object ? object : "chunks");
        group->names =
            g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, NULL);
        g_hash_table_insert(fsck->groups, g_steal_pointer(&key), group);
    }
    g_hash_table_add(group->names, g_memdup2(name, sizeof *name));
    add_harmed(fsck, group->finding, version);
}

/* A chunk that a group is told by. */
static char *
example_of(const Group *group)
{
    char hex[PUP_NAME_HEX_LEN + 1];
    GHashTableIter iter;
    gpointer name;
    g_hash_table_iter_init(&iter, group->names);
    g_hash_table_iter_next(&iter, &name, NULL);
    pup_name_to_hex(name, hex);
    return g_strdup(hex);
}

/* Now that all of it is known. */
static void
name_group(const Group *group)
{
    PupFsckFinding *finding = group->finding;
    unsigned n = g_hash_table_size(group->names);
    const char *s = n == 1 ? "" : "s";
    g_autofree char *example = example_of(group);
    g_autofree char *before = finding->problem;
    if (group->state == PUP_CHUNK_LOST) {
        finding->problem =
            g_strdup_printf("%s: %u chunk%s that versions need", before, n, s);
    } else if (group->state == PUP_CHUNK_UNLISTED) {
        finding->problem = g_strdup_printf("%u chunk%s that versions need, not in an "
                                           "index; fsck --repair brings %s back",
                                           n, s, n == 1 ? "it" : "them");
    } else if (n > 1) {
        finding->problem =
            g_strdup_printf("%u are in no pack, %s among them", n, example);
    } else {
        g_free(finding->object);
        finding->object = g_strdup_printf("chunk %s", example);
        finding->problem = g_strdup("is in no pack");
    }
}

static void
name_groups(Fsck *fsck)
{
    GHashTableIter iter;
    gpointer group;
    g_hash_table_iter_init(&iter, fsck->groups);
    while (g_hash_table_iter_next(&iter, NULL, &group))
        name_group(group);
}

/* TRUE when @name is whole; else @version is harmed. */
static gboolean
check_chunk(Fsck *fsck, const PupName *name, const Version *version)
{
    const char *where = NULL;
    PupChunkState state;
    if (pup_name_is_null(name))
        return TRUE;
    state = fsck->store->ops->check_state(fsck->check, name, &where);
    if (state == PUP_CHUNK_DAMAGED)
        blame_chunk(fsck, name, where, version);
    else if (state != PUP_CHUNK_GOOD)
        blame_group(fsck, state, where, name, version);
    return state == PUP_CHUNK_GOOD;
}

static void
check_page(Fsck *fsck, const PupName *page, const Version *version)
{
    g_autoptr(GError) why = NULL;
    gboolean clean = TRUE;
    if (pup_name_is_null(page) || g_hash_table_contains(fsck->clean_pages, page) ||
        !check_chunk(fsck, page, version))
        return;
    if (!pup_store_get(fsck->store, page, fsck->plain, &why)) {
        blame_chunk(fsck, page, why->message, version);
        return;
    }
    for (size_t i = 0; i < PUP_PAGE_NAMES; i++) {
        PupName name;
        memcpy(&name, fsck->plain + i * sizeof name, sizeof name);
        clean = check_chunk(fsck, &name, version) && clean;
    }
    if (clean)
        g_hash_table_add(fsck->clean_pages, g_memdup2(page, sizeof *page));
}

static void
blame_manifest(Fsck *fsck, const Version *version, const char *problem)
{
    PupFsckFinding *finding =
        pup_fsck_add(fsck->report, FALSE, g_strdup_printf("manifest %s", version->label),
                     g_strdup(problem));
    add_harmed(fsck, finding, version);
}

static PupManifest *
read_manifest(Fsck *fsck, const Version *version, GError **error)
{
    g_autoptr(GBytes) text = NULL;
    g_autoptr(GBytes) sig = NULL;
    if (!pup_store_manifest(fsck->store, version->kind, version->name, version->version,
                            &text, &sig, error))
        return NULL;
    size_t len, sig_len;
    const void *data = g_bytes_get_data(text, &len);
    const char *sig_text = g_bytes_get_data(sig, &sig_len);
    if (fsck->key && !pup_verify(fsck->key, data, len, sig_text, sig_len, error))
        return NULL;
    return pup_manifest_parse(data, len, error);
}

/* It says what a start reads first; no write stores it again, and no PC waits for it. */
static void
check_boot_profile(Fsck *fsck, const PupName *name, const Version *version)
{
    const char *where = NULL;
    PupFsckFinding *finding;
    PupChunkState state = fsck->store->ops->check_state(fsck->check, name, &where);
    if (state == PUP_CHUNK_DAMAGED || state == PUP_CHUNK_UNLISTED)
        check_chunk(fsck, name, version);
    if (state == PUP_CHUNK_GOOD || state == PUP_CHUNK_UNLISTED)
        return;
    finding = pup_fsck_add(fsck->report, TRUE,
                           g_strdup_printf("boot profile of %s", version->label),
                           g_strdup("is lost: its seats start, and load less ahead"));
    finding->mend = "nothing need be done: what its seats saw of their starts takes its "
                    "place, here and in the next version";
    add_harmed(fsck, finding, version);
}

static void
check_version(Fsck *fsck, const Version *version)
{
    g_autoptr(GError) why = NULL;
    g_autoptr(PupManifest) manifest = read_manifest(fsck, version, &why);
    if (!manifest) {
        blame_manifest(fsck, version, why->message);
        return;
    }
    if (manifest->kind != version->kind || strcmp(manifest->name, version->name) != 0 ||
        manifest->version != version->version) {
        g_autofree char *label = pup_manifest_label(manifest);
        g_autofree char *problem = g_strdup_printf("is the manifest of %s", label);
        blame_manifest(fsck, version, problem);
        return;
    }
    for (guint64 i = 0; i < manifest->n_pages; i++)
        check_page(fsck, &manifest->pages[i], version);
    if (manifest->has_boot_profile)
        check_boot_profile(fsck, &manifest->boot_profile, version);
}

static gboolean
list_versions_of(Fsck *fsck, PupKind kind, const char *name, GError **error)
{
    g_autoptr(GArray) numbers =
        fsck->store->ops->versions(fsck->store, kind, name, error);
    if (!numbers)
        return FALSE;
    for (guint i = 0; i < numbers->len; i++) {
        Version *version = g_new0(Version, 1);
        version->kind = kind;
        version->name = g_strdup(name);
        version->version = g_array_index(numbers, unsigned, i);
        version->label = g_strdup_printf("%s@%u", name, version->version);
        g_ptr_array_add(fsck->versions, version);
    }
    return TRUE;
}

static gboolean
list_versions(Fsck *fsck, PupKind kind, GError **error)
{
    g_auto(GStrv) owners = fsck->store->ops->owners(fsck->store, kind, error);
    if (!owners)
        return FALSE;
    for (char **owner = owners; *owner; owner++)
        if (!list_versions_of(fsck, kind, *owner, error))
            return FALSE;
    return TRUE;
}

static gboolean
has_version(const Fsck *fsck, PupKind kind, const char *name, unsigned number)
{
    for (guint i = 0; i < fsck->versions->len; i++) {
        const Version *version = g_ptr_array_index(fsck->versions, i);
        if (version->kind == kind && strcmp(version->name, name) == 0 &&
            (number == 0 || version->version == number))
            return TRUE;
    }
    return FALSE;
}

/* What @name stands at, or why that cannot be told. */
typedef struct {
    unsigned version;
    char *problem;
} Standing;

static void
clear_standing(gpointer standing)
{
    g_free(((Standing *) standing)->problem);
}

static GArray *
read_names(Fsck *fsck, PupKind kind, char **names)
{
    GArray *standings = g_array_new(FALSE, TRUE, sizeof(Standing));
    g_array_set_clear_func(standings, clear_standing);
    for (char **name = names; *name; name++) {
        g_autoptr(GError) why = NULL;
        Standing standing = {.version =
                                 pup_store_current(fsck->store, kind, *name, &why)};
        if (why)
            standing.problem = g_strdup(why->message);
        g_array_append_val(standings, standing);
    }
    return standings;
}

static void
check_name(Fsck *fsck, PupKind kind, const char *name, const Standing *standing)
{
    char *problem = NULL;
    if (standing->problem)
        problem = g_strdup(standing->problem);
    else if (!has_version(fsck, kind, name, standing->version))
        problem = g_strdup_printf("stands at version %u, which is not there",
                                  standing->version);
    if (problem)
        pup_fsck_add(fsck->report, FALSE, g_strdup_printf("name %s", name), problem);
}

static void
check_canary(Fsck *fsck, const char *room)
{
    g_autoptr(GError) why = NULL;
    PupCanary canary;
    if (!pup_store_canary(fsck->store, room, &canary, &why))
        pup_fsck_add(fsck->report, FALSE, g_strdup_printf("canary of %s", room),
                     g_strdup(why->message));
}

static void
check_nameless(Fsck *fsck, PupKind kind, char **names)
{
    for (guint i = 0; i < fsck->versions->len; i++) {
        const Version *version = g_ptr_array_index(fsck->versions, i);
        if (version->kind != kind ||
            g_strv_contains((const char *const *) names, version->name))
            continue;
        pup_fsck_add(fsck->report, TRUE, g_strdup_printf("name %s", version->name),
                     g_strdup_printf("stands nowhere, but there is %s: a first publish "
                                     "or a removal was cut short",
                                     version->label));
    }
}

/* Names are read before versions are listed: a publish meanwhile adds its version first.
 */
static gboolean
check_names(Fsck *fsck, PupKind kind, GError **error)
{
    g_auto(GStrv) names = pup_store_names(fsck->store, kind, error);
    if (!names)
        return FALSE;
    g_autoptr(GArray) standings = read_names(fsck, kind, names);
    if (!list_versions(fsck, kind, error))
        return FALSE;
    for (guint i = 0; i < standings->len; i++)
        check_name(fsck, kind, names[i], &g_array_index(standings, Standing, i));
    for (char **name = names; kind == PUP_KIND_ROOM && *name; name++)
        check_canary(fsck, *name);
    check_nameless(fsck, kind, names);
    return TRUE;
}

/* What stands in the way of a part of the check is a finding, once. */
static void
add_unreadable(Fsck *fsck, const GError *why)
{
    for (guint i = 0; i < fsck->report->findings->len; i++)
        if (strcmp(((PupFsckFinding *) g_ptr_array_index(fsck->report->findings, i))
                       ->problem,
                   why->message) == 0)
            return;
    pup_fsck_add(fsck->report, FALSE, g_strdup("store"), g_strdup(why->message));
}

static void
check_kind(Fsck *fsck, PupKind kind)
{
    g_autoptr(GError) why = NULL;

    if (!check_names(fsck, kind, &why))
        add_unreadable(fsck, why);
}

/* Masters' versions are followed first. */
static void
set_versions(PupFsckFinding *finding, const GPtrArray *versions)
{
    g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
    for (guint i = 0; i < versions->len; i++) {
        const Version *version = g_ptr_array_index(versions, i);
        g_strv_builder_add(builder, version->label);
        finding->n_masters += version->kind == PUP_KIND_MASTER;
    }
    g_strfreev(finding->versions);
    finding->versions = g_strv_builder_end(builder);
}

static void
set_all_versions(Fsck *fsck)
{
    GHashTableIter iter;
    gpointer finding, versions;
    g_hash_table_iter_init(&iter, fsck->harmed);
    while (g_hash_table_iter_next(&iter, &finding, &versions))
        set_versions(finding, versions);
}

/* A repair that fails has not repaired; who only looks tells what stands in the way, and
 * clears *@whole: what was not read is not missing. */
static gboolean
check_bytes(Fsck *fsck, PupProgress progress, gpointer data, gboolean *whole,
            GError **error)
{
    g_autoptr(GError) why = NULL;

    *whole = fsck->store->ops->check_run(fsck->check, progress, data, fsck->report, &why);
    if (*whole)
        return TRUE;
    if (!fsck->repair && g_error_matches(why, PUP_ERROR, PUP_ERROR_IO)) {
        add_unreadable(fsck, why);
        return TRUE;
    }
    g_propagate_error(error, g_steal_pointer(&why));
    return FALSE;
}

static gboolean
run(Fsck *fsck, PupProgress progress, gpointer data, GError **error)
{
    gboolean whole;

    if (!fsck->key)
        pup_fsck_add(fsck->report, TRUE, g_strdup("signatures"),
                     g_strdup("not checked: there is no public key"))
            ->mend = "restore the keys from a backup";
    check_kind(fsck, PUP_KIND_MASTER);
    check_kind(fsck, PUP_KIND_ROOM);
    if (!check_bytes(fsck, progress, data, &whole, error))
        return FALSE;
    index_chunk_findings(fsck);
    for (guint i = 0; whole && i < fsck->versions->len; i++) {
        check_version(fsck, g_ptr_array_index(fsck->versions, i));
        if (progress)
            progress(data, "following versions", i + 1, fsck->versions->len);
    }
    fsck->report->n_versions = whole ? fsck->versions->len : 0;
    name_groups(fsck);
    set_all_versions(fsck);
    return TRUE;
}

static void
fsck_clear(Fsck *fsck)
{
    g_hash_table_destroy(fsck->clean_pages);
    g_hash_table_destroy(fsck->harmed);
    g_hash_table_destroy(fsck->groups);
    g_hash_table_destroy(fsck->by_object);
    g_ptr_array_unref(fsck->versions);
    g_free(fsck->plain);
    fsck->store->ops->check_free(fsck->check);
}

gboolean
pup_fsck(PupStore *store, const PupPublicKey *key, gboolean repair, PupProgress progress,
         gpointer data, PupFsckReport **report, GError **error)
{
    PupCheck *check = store->ops->check_begin(store, repair, error);
    if (!check)
        return FALSE;
    g_autoptr(PupFsckReport) found = report_new();
    Fsck fsck = {
        .store = store,
        .check = check,
        .key = key,
        .repair = repair,
        .report = found,
        .versions = g_ptr_array_new_with_free_func(free_version),
        .by_object = g_hash_table_new(g_str_hash, g_str_equal),
        .harmed = g_hash_table_new_full(NULL, NULL, NULL, unref_versions),
        .groups = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_group),
        .clean_pages =
            g_hash_table_new_full(pup_name_hash, pup_name_hash_equal, g_free, NULL),
        .plain = g_malloc(PUP_CHUNK_BYTES),
    };
    gboolean ok = run(&fsck, progress, data, error);
    fsck_clear(&fsck);
    if (ok)
        *report = g_steal_pointer(&found);
    return ok;
}
