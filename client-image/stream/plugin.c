/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The nbdkit plugin: parameters in, a PupDisk out. Everything that thinks is elsewhere.
 *
 * Order of nbdkit's life: config, config_complete, get_ready (manifest: an error here is
 * nbdkit's exit status), fork, after_fork (threads), reads from many threads, unload.
 */
#include "config.h"

#include <errno.h>
#include <string.h>

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

#include "client-image/stream/manifest_wait.h"
#include "client-image/stream/peer_server.h"
#include "client-image/stream/versions.h"
#include "lib/file.h"
#include "lib/ident.h"

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL

#define DEFAULT_CACHE_BYTES (256 * 1024 * 1024)
#define DEFAULT_CONNECTIONS 16
/* Each of our threads may ask the same seat. */
#define CONNECTIONS_MAX PUP_PEER_CONNECTIONS_EACH
/* Plain bytes of the hottest chunks, besides cache=: an eighth of it within these. */
#define PLAIN_MIN_BYTES (1024 * 1024)
#define PLAIN_MAX_BYTES (32 * 1024 * 1024)
#define MAX_AHEAD 4u
/* What a chunk takes in memory, more or less. */
#define TYPICAL_ENCODED_BYTES (PUP_CHUNK_BYTES / 2)

static struct {
    GPtrArray *servers;
    char *room;
    unsigned version;
    char *pubkey;
    int64_t cache_bytes;
    char *disk_cache;
    int64_t disk_cache_bytes;
    char *notify;
    char *control;
    unsigned connections;
    char *seat;
    char *boot;
    unsigned peer_port;
    gboolean guest_runs;
} settings = {
    .cache_bytes = DEFAULT_CACHE_BYTES,
    .connections = DEFAULT_CONNECTIONS,
};

static PupReport *report;
static PupPublicKey *key;
static PupManifest *manifest; /* of the first version, until it is given away */
static PupDiskCache *disk_cache;
static PupStats *stats;
static PupNeighbours *neighbours;
static PupSupply *supply;
static PupVersions *versions;

static int
add_server(const char *url)
{
    g_autofree char *base = g_strdup(url);
    size_t len = strlen(base);

    if (!g_str_has_prefix(url, "http://") && !g_str_has_prefix(url, "https://")) {
        nbdkit_error("server=%s: not an http:// or https:// address", url);
        return -1;
    }
    while (len > 0 && base[len - 1] == '/')
        base[--len] = '\0';
    if (!settings.servers)
        settings.servers = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(settings.servers, g_steal_pointer(&base));
    return 0;
}

static int
set_text(char **setting, const char *value)
{
    g_free(*setting);
    *setting = g_strdup(value);
    return 0;
}

static int
set_flag(gboolean *setting, const char *value)
{
    *setting = nbdkit_parse_bool(value);
    return *setting < 0 ? -1 : 0;
}

static int
set_seat(const char *mac)
{
    g_autoptr(GError) error = NULL;

    g_free(settings.seat);
    settings.seat = pup_mac_parse(mac, &error);
    if (settings.seat)
        return 0;
    nbdkit_error("seat=%s: %s", mac, error->message);
    return -1;
}

static int
pupitre_config(const char *parameter, const char *value)
{
    if (strcmp(parameter, "server") == 0)
        return add_server(value);
    if (strcmp(parameter, "room") == 0)
        return set_text(&settings.room, value);
    if (strcmp(parameter, "version") == 0)
        return nbdkit_parse_unsigned("version", value, &settings.version);
    if (strcmp(parameter, "pubkey") == 0) {
        settings.pubkey = nbdkit_realpath(value);
        return settings.pubkey ? 0 : -1;
    }
    if (strcmp(parameter, "cache") == 0) {
        settings.cache_bytes = nbdkit_parse_size(value);
        return settings.cache_bytes < 0 ? -1 : 0;
    }
    if (strcmp(parameter, "disk-cache") == 0) {
        settings.disk_cache = nbdkit_absolute_path(value);
        return settings.disk_cache ? 0 : -1;
    }
    if (strcmp(parameter, "disk-cache-size") == 0) {
        settings.disk_cache_bytes = nbdkit_parse_size(value);
        return settings.disk_cache_bytes < 0 ? -1 : 0;
    }
    if (strcmp(parameter, "notify") == 0) {
        settings.notify = nbdkit_absolute_path(value);
        return settings.notify ? 0 : -1;
    }
    if (strcmp(parameter, "control") == 0) {
        settings.control = nbdkit_absolute_path(value);
        return settings.control ? 0 : -1;
    }
    if (strcmp(parameter, "connections") == 0)
        return nbdkit_parse_unsigned("connections", value, &settings.connections);
    if (strcmp(parameter, "seat") == 0)
        return set_seat(value);
    if (strcmp(parameter, "boot") == 0)
        return set_text(&settings.boot, value);
    if (strcmp(parameter, "peer-port") == 0)
        return nbdkit_parse_unsigned("peer-port", value, &settings.peer_port);
    if (strcmp(parameter, "guest-runs") == 0)
        return set_flag(&settings.guest_runs, value);
    nbdkit_error("unknown parameter '%s'", parameter);
    return -1;
}

/* What makes a seat goes together. */
static int
check_seat(void)
{
    if (!settings.seat != !settings.boot || (settings.peer_port && !settings.seat)) {
        nbdkit_error("seat= and boot= must be given together, and with peer-port=");
        return -1;
    }
    if (settings.peer_port > G_MAXUINT16) {
        nbdkit_error("peer-port=%u: must be 0 to 65535", settings.peer_port);
        return -1;
    }
    if (settings.peer_port && settings.connections < 2) {
        nbdkit_error("peer-port= needs connections=2 at least: one is for the guest");
        return -1;
    }
    return 0;
}

static int
pupitre_config_complete(void)
{
    g_autoptr(GError) error = NULL;

    if (!settings.servers || !settings.room || !settings.version || !settings.pubkey) {
        nbdkit_error("server=, room=, version= and pubkey= must be given");
        return -1;
    }
    if (settings.connections < 1 || settings.connections > CONNECTIONS_MAX) {
        nbdkit_error("connections=%u: must be 1 to %d", settings.connections,
                     (int) CONNECTIONS_MAX);
        return -1;
    }
    if (!pup_ident_check("room", settings.room, &error)) {
        nbdkit_error("%s", error->message);
        return -1;
    }
    g_ptr_array_add(settings.servers, NULL);
    return check_seat();
}

#define pupitre_config_help                                                              \
    "server=URL       (required) a server of the room; may be given again\n"             \
    "room=NAME        (required) the room\n"                                             \
    "version=N        (required) the version to serve; export names are others\n"        \
    "pubkey=FILE      (required) the key that manifests are signed with\n"               \
    "cache=SIZE       memory for encoded chunks, default 256M\n"                         \
    "disk-cache=DIR   keep chunks there too; it must hold nothing else\n"                \
    "disk-cache-size=SIZE  default: most of its file system\n"                           \
    "connections=N    requests at a time, default 16\n"                                  \
    "seat=MAC         this PC, for the server's list of seats\n"                         \
    "boot=ID          this boot of it\n"                                                 \
    "peer-port=N      ask other seats, and serve them on this port; default 0: no\n"     \
    "control=SOCKET   where to listen for \"guest-ready\"\n"                             \
    "guest-runs=BOOL  a guest has started already: do not record how; default: no\n"     \
    "notify=SOCKET    where to say that reads wait and go on"

static PupPublicKey *
read_key(GError **error)
{
    g_autoptr(GBytes) text =
        pup_file_read(settings.pubkey, PUP_SIGNATURE_TEXT_MAX, error);
    PupPublicKey *parsed;

    if (!text)
        return NULL;
    parsed =
        pup_public_key_parse(g_bytes_get_data(text, NULL), g_bytes_get_size(text), error);
    if (!parsed)
        g_prefix_error(error, "%s: ", settings.pubkey);
    return parsed;
}

static int
pupitre_get_ready(void)
{
    g_autoptr(GError) error = NULL;

    key = read_key(&error);
    if (key) {
        report = pup_report_new(settings.notify);
        PupManifestWait wait = {
            .servers = (const char *const *) settings.servers->pdata,
            .room = settings.room,
            .version = settings.version,
            .key = key,
            .report = report,
        };
        manifest = pup_manifest_wait(&wait, &error);
    }
    if (!manifest) {
        nbdkit_error("%s", error->message);
        return -1;
    }
    return 0;
}

/* Everything works without it. */
static void
open_disk_cache(void)
{
    PupDiskCacheConfig config = {
        .folder = settings.disk_cache,
        .max_bytes = (guint64) settings.disk_cache_bytes,
        .report = report,
    };
    g_autoptr(GError) error = NULL;

    if (!settings.disk_cache)
        return;
    disk_cache = pup_disk_cache_open(&config, &error);
    if (!disk_cache)
        pup_report_disk_cache(report, error->message);
}

static void
join_neighbours(void)
{
    const PupNeighboursConfig config = {
        .servers = (const char *const *) settings.servers->pdata,
        .room = settings.room,
        .version = settings.version,
        .seat = settings.seat,
        .boot = settings.boot,
        .port = settings.peer_port,
        .stats = stats,
    };

    neighbours = pup_neighbours_new(&config);
}

static size_t
plain_max_bytes(void)
{
    return (size_t) CLAMP(settings.cache_bytes / 8, PLAIN_MIN_BYTES, PLAIN_MAX_BYTES);
}

static void
make_supply(void)
{
    PupSupplyConfig config = {
        .source = pup_neighbours_source(neighbours),
        .report = report,
        .stats = stats,
        .encoded_max_bytes = (size_t) settings.cache_bytes,
        .plain_max_bytes = plain_max_bytes(),
        .n_threads = settings.connections,
    };

    if (disk_cache) {
        config.source = pup_source_disk_new(disk_cache, config.source, stats);
        config.disk_cache = disk_cache;
    }
    supply = pup_supply_new(&config);
}

static int
pupitre_after_fork(void)
{
    g_autoptr(GError) error = NULL;
    PupVersionsConfig config = {
        .servers = (const char *const *) settings.servers->pdata,
        .room = settings.room,
        .mac = settings.seat,
        .runs = settings.guest_runs,
        .key = key,
        .control = settings.control,
        .report = report,
        .max_own = MAX(settings.connections / 2, 1),
        .max_lead =
            MAX(plain_max_bytes() / PUP_CHUNK_BYTES * 5 / 8, settings.connections),
        .max_ahead = MAX_AHEAD,
        .keep_chunks = (guint64) settings.cache_bytes / TYPICAL_ENCODED_BYTES,
    };

    open_disk_cache();
    stats = pup_stats_new();
    join_neighbours();
    make_supply();
    config.stats = stats;
    config.neighbours = neighbours;
    config.supply = supply;
    versions = pup_versions_new(&config, g_steal_pointer(&manifest), &error);
    if (!versions) {
        nbdkit_error("%s", error->message);
        return -1;
    }
    pup_neighbours_serve(neighbours, supply);
    return 0;
}

static void
pupitre_unload(void)
{
    pup_neighbours_stop(neighbours);
    pup_versions_free(versions);
    pup_supply_free(supply);
    pup_disk_cache_free(disk_cache);
    pup_neighbours_free(neighbours);
    pup_stats_free(stats);
    pup_manifest_free(manifest);
    pup_public_key_free(key);
    pup_report_free(report);
    if (settings.servers)
        g_ptr_array_free(settings.servers, TRUE);
    g_free(settings.room);
    g_free(settings.seat);
    g_free(settings.boot);
    free(settings.pubkey);
    free(settings.disk_cache);
    free(settings.control);
    free(settings.notify);
}

/* The export's name is a version's number; without one it is the first version. */
static void *
pupitre_open(int readonly)
{
    g_autoptr(GError) error = NULL;
    const char *name = nbdkit_export_name();
    unsigned number = 0;
    PupVersion *version;

    if (!name)
        return NULL;
    if (*name && !pup_version_parse(name, &number, &error)) {
        nbdkit_error("export '%s': %s", name, error->message);
        return NULL;
    }
    version = pup_versions_open(versions, number, &error);
    if (!version)
        nbdkit_error("%s@%u: %s", settings.room, number, error->message);
    return version;
}

static int64_t
pupitre_get_size(void *handle)
{
    return (int64_t) pup_disk_bytes(pup_version_disk(handle));
}

static int
pupitre_block_size(void *handle, uint32_t *minimum, uint32_t *preferred,
                   uint32_t *maximum)
{
    *minimum = 1;
    *preferred = PUP_CHUNK_BYTES;
    *maximum = UINT32_MAX;
    return 0;
}

static int
pupitre_yes(void *handle)
{
    return 1;
}

static int
pupitre_can_cache(void *handle)
{
    return NBDKIT_CACHE_NATIVE;
}

/* nbdkit says that it goes down, or that its client has gone, only to who sleeps. */
static gboolean
still_wanted(void)
{
    return nbdkit_nanosleep(0, 1) == 0;
}

static int
pupitre_pread(void *handle, void *buf, uint32_t count, uint64_t offset, uint32_t flags)
{
    g_autoptr(GError) error = NULL;
    gint64 begun_us = g_get_monotonic_time();

    if (pup_disk_read(pup_version_disk(handle), buf, count, offset, still_wanted,
                      &error)) {
        pup_stats_note_read(stats, g_get_monotonic_time() - begun_us);
        return 0;
    }
    nbdkit_error("%s", error->message);
    nbdkit_set_error(EIO);
    return -1;
}

static int
pupitre_cache(void *handle, uint32_t count, uint64_t offset, uint32_t flags)
{
    pup_disk_ask(pup_version_disk(handle), count, offset);
    return 0;
}

static int
pupitre_extents(void *handle, uint32_t count, uint64_t offset, uint32_t flags,
                struct nbdkit_extents *extents)
{
    uint64_t left = count;

    while (left > 0) {
        gboolean is_hole;
        uint64_t len = pup_disk_extent(pup_version_disk(handle), left, offset, &is_hole);
        uint32_t type = is_hole ? NBDKIT_EXTENT_HOLE | NBDKIT_EXTENT_ZERO : 0;
        if (nbdkit_add_extent(extents, offset, len, type) < 0)
            return -1;
        if (flags & NBDKIT_FLAG_REQ_ONE)
            break;
        offset += len;
        left -= len;
    }
    return 0;
}

static struct nbdkit_plugin plugin = {
    .name = "pupitre",
    .version = VERSION,
    .longname = "Pupitre room disk",
    .description = "A published version of a room's disk, streamed and checked",
    .config = pupitre_config,
    .config_complete = pupitre_config_complete,
    .config_help = pupitre_config_help,
    .get_ready = pupitre_get_ready,
    .after_fork = pupitre_after_fork,
    .unload = pupitre_unload,
    .open = pupitre_open,
    .get_size = pupitre_get_size,
    .block_size = pupitre_block_size,
    .can_multi_conn = pupitre_yes,
    .can_extents = pupitre_yes,
    .can_cache = pupitre_can_cache,
    .pread = pupitre_pread,
    .cache = pupitre_cache,
    .extents = pupitre_extents,
    .errno_is_preserved = 0,
};

/* The macro defines it without a prototype. */
struct nbdkit_plugin *plugin_init(void);
NBDKIT_REGISTER_PLUGIN(plugin)
