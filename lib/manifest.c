/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * There is exactly one text for a manifest: what is read is formatted again and must give
 * the same bytes. So nothing can hide in a manifest that its struct does not hold, and
 * two readers never see two things in one text.
 */
#include "config.h"
#include "lib/manifest.h"

#include "lib/error.h"
#include "lib/ident.h"
#include "lib/json.h"

#define WHAT "manifest"

static const char *const kind_words[] = {
    [PUP_KIND_MASTER] = "master",
    [PUP_KIND_ROOM] = "room",
};

PupManifest *
pup_manifest_new(PupKind kind, const char *name, unsigned version)
{
    PupManifest *manifest = g_new0(PupManifest, 1);
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    manifest->kind = kind;
    manifest->name = g_strdup(name);
    manifest->version = version;
    manifest->created = g_date_time_format(now, "%Y-%m-%dT%H:%M:%SZ");
    pup_guest_defaults(&manifest->guest);
    return manifest;
}

void
pup_manifest_free(PupManifest *manifest)
{
    if (!manifest)
        return;
    g_free(manifest->name);
    g_free(manifest->created);
    g_free(manifest->pages);
    g_free(manifest->master);
    g_free(manifest->domain_template);
    g_free(manifest);
}

static void
set_uint(json_t *object, const char *key, guint64 value)
{
    json_object_set_new(object, key, json_integer((json_int_t) value));
}

static void
set_string(json_t *object, const char *key, const char *value)
{
    json_object_set_new(object, key, json_string(value));
}

static void
set_bool(json_t *object, const char *key, gboolean value)
{
    json_object_set_new(object, key, json_boolean(value));
}

static void
set_name(json_t *object, const char *key, const PupName *name)
{
    char hex[PUP_NAME_HEX_LEN + 1];
    pup_name_to_hex(name, hex);
    set_string(object, key, hex);
}

static json_t *
pages_to_json(const PupManifest *manifest)
{
    json_t *pages = json_array();
    char hex[PUP_NAME_HEX_LEN + 1];
    for (guint64 i = 0; i < manifest->n_pages; i++) {
        pup_name_to_hex(&manifest->pages[i], hex);
        json_array_append_new(pages, json_stringn_nocheck(hex, PUP_NAME_HEX_LEN));
    }
    return pages;
}

static gboolean
has_usb_classes(const PupGuest *guest)
{
    return guest->usb != PUP_USB_NONE && guest->usb != PUP_USB_ALL;
}

/* 2: with guest settings that 1 does not know; 3: a master that says what it needs. */
static unsigned
format_of(const PupManifest *manifest)
{
    const PupGuest *guest = &manifest->guest;
    if (manifest->kind == PUP_KIND_MASTER)
        return manifest->has_needs ? 3 : 1;
    return has_usb_classes(guest) || guest->kept || guest->net == PUP_NET_BRIDGE ? 2 : 1;
}

static json_t *
guest_to_json(const PupGuest *guest)
{
    json_t *object = json_object();
    set_uint(object, "memory_percent", guest->memory_percent);
    set_uint(object, "memory_mib", guest->memory_mib);
    set_uint(object, "cpus", guest->cpus);
    set_string(object, "firmware", pup_firmware_name(guest->firmware));
    set_string(object, "display", pup_display_name(guest->display));
    set_string(object, "disk", pup_disk_bus_name(guest->disk_bus));
    set_string(object, "network", pup_net_name(guest->net));
    set_bool(object, "tpm", guest->tpm);
    set_bool(object, "sound", guest->sound);
    set_bool(object, "usb", guest->usb != PUP_USB_NONE);
    if (has_usb_classes(guest)) {
        g_autofree char *classes = pup_usb_text(guest->usb);
        set_string(object, "usb_classes", classes);
    }
    if (guest->kept)
        set_bool(object, "kept", TRUE);
    set_bool(object, "agent", guest->agent);
    set_bool(object, "hyperv", guest->hyperv);
    set_bool(object, "emulate", guest->emulate);
    return object;
}

static json_t *
needs_to_json(const PupNeeds *needs)
{
    json_t *object = json_object();
    set_string(object, "firmware", pup_firmware_name(needs->firmware));
    set_string(object, "disk", pup_disk_bus_name(needs->disk_bus));
    set_string(object, "clock", pup_clock_name(needs->clock));
    set_bool(object, "tpm", needs->tpm);
    set_bool(object, "hyperv", needs->hyperv);
    return object;
}

static void
room_to_json(const PupManifest *manifest, json_t *root)
{
    const char *domain_template = manifest->domain_template;
    set_string(root, "master", manifest->master);
    set_uint(root, "master_version", manifest->master_version);
    json_object_set_new(root, "guest", guest_to_json(&manifest->guest));
    set_string(root, "domain_template", domain_template ? domain_template : "");
    set_uint(root, "cache_mib", manifest->cache_mib);
}

GBytes *
pup_manifest_format(const PupManifest *manifest)
{
    g_return_val_if_fail(manifest->kind == PUP_KIND_MASTER || manifest->master, NULL);
    g_autoptr(PupJsonValue) root = json_object();
    set_uint(root, "format", format_of(manifest));
    set_string(root, "kind", kind_words[manifest->kind]);
    set_string(root, "name", manifest->name);
    set_uint(root, "version", manifest->version);
    set_uint(root, "parent", manifest->parent);
    set_string(root, "created", manifest->created);
    set_uint(root, "disk_bytes", manifest->disk_bytes);
    set_uint(root, "chunk_bytes", PUP_CHUNK_BYTES);
    json_object_set_new(root, "pages", pages_to_json(manifest));
    if (manifest->has_boot_profile)
        set_name(root, "boot_profile", &manifest->boot_profile);
    if (manifest->kind == PUP_KIND_ROOM)
        room_to_json(manifest, root);
    else if (manifest->has_needs)
        json_object_set_new(root, "guest", needs_to_json(&manifest->needs));

    char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
    GString *line = g_string_new(text);
    free(text);
    g_string_append_c(line, '\n');
    return g_string_free_to_bytes(line);
}

static void
read_name(PupJsonReader *reader, const char *key, PupName *name)
{
    const char *hex = pup_json_string(reader, key, PUP_NAME_HEX_LEN);
    if (!reader->failed && !pup_name_from_hex(hex, strlen(hex), name, NULL))
        pup_json_fail(reader, key, "must be 64 lower-case hex digits");
}

static char *
read_ident(PupJsonReader *reader, const char *key)
{
    const char *name = pup_json_string(reader, key, 256);
    g_autoptr(GError) wrong = NULL;
    if (!reader->failed && !pup_ident_check(key, name, &wrong))
        pup_json_fail(reader, key, "is wrong: %s", wrong->message);
    return g_strdup(name);
}

static char *
read_created(PupJsonReader *reader)
{
    const char *text = pup_json_string(reader, "created", 32);
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(text, NULL);
    g_autofree char *again = when ? g_date_time_format(when, "%Y-%m-%dT%H:%M:%SZ") : NULL;
    if (g_strcmp0(text, again) != 0)
        pup_json_fail(reader, "created", "must be a time such as 2026-11-21T08:00:00Z");
    return g_strdup(text);
}

static void
read_pages(PupJsonReader *reader, PupManifest *manifest)
{
    json_t *pages = pup_json_array(reader, "pages");
    if (!pages)
        return;
    guint64 n_pages = pup_chunk_map_pages_for(manifest->disk_bytes);
    if (json_array_size(pages) != n_pages) {
        pup_json_fail(reader, "pages",
                      "has %zu names, but the disk needs %" G_GUINT64_FORMAT,
                      json_array_size(pages), n_pages);
        return;
    }
    manifest->pages = g_new(PupName, n_pages);
    manifest->n_pages = n_pages;
    for (guint64 i = 0; i < n_pages; i++) {
        json_t *hex = json_array_get(pages, i);
        if (!json_is_string(hex) ||
            !pup_name_from_hex(json_string_value(hex), json_string_length(hex),
                               &manifest->pages[i], NULL))
            pup_json_fail(reader, "pages", "must hold 64 lower-case hex digits each");
    }
}

static void
read_guest_words(PupJsonReader *reader, PupGuest *guest)
{
    if (!pup_firmware_parse(pup_json_string(reader, "firmware", 32), &guest->firmware))
        pup_json_fail(reader, "firmware", "is an unknown word");
    if (!pup_display_parse(pup_json_string(reader, "display", 32), &guest->display))
        pup_json_fail(reader, "display", "is an unknown word");
    if (!pup_disk_bus_parse(pup_json_string(reader, "disk", 32), &guest->disk_bus))
        pup_json_fail(reader, "disk", "is an unknown word");
    if (!pup_net_parse(pup_json_string(reader, "network", 32), &guest->net))
        pup_json_fail(reader, "network", "is an unknown word");
}

/* Whether a format may have what is read here, the check of the canonical form says. */
static void
read_usb(PupJsonReader *reader, PupGuest *guest)
{
    guest->usb = pup_json_bool(reader, "usb") ? PUP_USB_ALL : PUP_USB_NONE;
    if (pup_json_has(reader, "usb_classes") &&
        !pup_usb_parse(pup_json_string(reader, "usb_classes", 256), &guest->usb))
        pup_json_fail(reader, "usb_classes", "is no list of classes");
}

static gboolean
read_guest(json_t *object, PupGuest *guest, GError **error)
{
    PupJsonReader r = PUP_JSON_READER(WHAT " guest", object, error);
    guest->memory_percent =
        (unsigned) pup_json_uint(&r, "memory_percent", 0, PUP_GUEST_MEMORY_PERCENT_MAX);
    guest->memory_mib =
        (unsigned) pup_json_uint(&r, "memory_mib", 0, PUP_GUEST_MEMORY_MIB_MAX);
    guest->cpus = (unsigned) pup_json_uint(&r, "cpus", 0, PUP_GUEST_CPUS_MAX);
    read_guest_words(&r, guest);
    guest->tpm = pup_json_bool(&r, "tpm");
    guest->sound = pup_json_bool(&r, "sound");
    read_usb(&r, guest);
    guest->agent = pup_json_bool(&r, "agent");
    guest->hyperv = pup_json_bool(&r, "hyperv");
    guest->emulate = pup_json_bool(&r, "emulate");
    guest->kept = pup_json_has(&r, "kept") && pup_json_bool(&r, "kept");
    if ((guest->memory_percent == 0) == (guest->memory_mib == 0))
        pup_json_fail(&r, "memory_percent", "or 'memory_mib' must be 0, not both");
    else if (guest->memory_percent &&
             guest->memory_percent < PUP_GUEST_MEMORY_PERCENT_MIN)
        pup_json_fail(&r, "memory_percent", "is below %u", PUP_GUEST_MEMORY_PERCENT_MIN);
    else if (guest->memory_mib && guest->memory_mib < PUP_GUEST_MEMORY_MIB_MIN)
        pup_json_fail(&r, "memory_mib", "is below %u", PUP_GUEST_MEMORY_MIB_MIN);
    return pup_json_end(&r);
}

static void
read_room(PupJsonReader *reader, PupManifest *manifest)
{
    manifest->master = read_ident(reader, "master");
    manifest->master_version =
        (unsigned) pup_json_uint(reader, "master_version", 1, PUP_VERSION_MAX);
    manifest->domain_template =
        g_strdup(pup_json_string(reader, "domain_template", PUP_DOMAIN_TEMPLATE_MAX));
    manifest->cache_mib = pup_json_uint(reader, "cache_mib", 0, PUP_CACHE_MIB_MAX);
    json_t *guest = pup_json_object(reader, "guest");
    if (guest && !read_guest(guest, &manifest->guest, reader->error))
        reader->failed = TRUE;
}

/* Whether the format may have them, the check of the canonical form says. */
static void
read_needs(PupJsonReader *reader, PupManifest *manifest)
{
    PupNeeds *needs = &manifest->needs;
    PupJsonReader r =
        PUP_JSON_READER(WHAT " guest", pup_json_object(reader, "guest"), reader->error);
    if (reader->failed)
        return;
    if (!pup_firmware_parse(pup_json_string(&r, "firmware", 32), &needs->firmware))
        pup_json_fail(&r, "firmware", "is an unknown word");
    if (!pup_disk_bus_parse(pup_json_string(&r, "disk", 32), &needs->disk_bus))
        pup_json_fail(&r, "disk", "is an unknown word");
    if (!pup_clock_parse(pup_json_string(&r, "clock", 32), &needs->clock))
        pup_json_fail(&r, "clock", "is an unknown word");
    needs->tpm = pup_json_bool(&r, "tpm");
    needs->hyperv = pup_json_bool(&r, "hyperv");
    manifest->has_needs = TRUE;
    if (!pup_json_end(&r))
        reader->failed = TRUE;
}

static void
read_kind(PupJsonReader *reader, PupManifest *manifest)
{
    const char *kind = pup_json_string(reader, "kind", 16);
    if (strcmp(kind, kind_words[PUP_KIND_ROOM]) == 0)
        manifest->kind = PUP_KIND_ROOM;
    else if (strcmp(kind, kind_words[PUP_KIND_MASTER]) == 0)
        manifest->kind = PUP_KIND_MASTER;
    else
        pup_json_fail(reader, "kind", "must be \"master\" or \"room\"");
}

static PupManifest *
read_manifest(json_t *root, GError **error)
{
    PupJsonReader r = PUP_JSON_READER(WHAT, root, error);
    g_autoptr(PupManifest) manifest = g_new0(PupManifest, 1);
    pup_guest_defaults(&manifest->guest);
    pup_json_uint(&r, "format", 1, PUP_MANIFEST_FORMAT);
    read_kind(&r, manifest);
    manifest->name = read_ident(&r, "name");
    manifest->version = (unsigned) pup_json_uint(&r, "version", 1, PUP_VERSION_MAX);
    manifest->parent = (unsigned) pup_json_uint(&r, "parent", 0, PUP_VERSION_MAX);
    if (manifest->parent >= manifest->version)
        pup_json_fail(&r, "parent", "must be below 'version'");
    manifest->created = read_created(&r);
    manifest->disk_bytes = pup_json_uint(&r, "disk_bytes", 1, PUP_DISK_MAX_BYTES);
    pup_json_uint(&r, "chunk_bytes", PUP_CHUNK_BYTES, PUP_CHUNK_BYTES);
    read_pages(&r, manifest);
    manifest->has_boot_profile = pup_json_has(&r, "boot_profile");
    if (manifest->has_boot_profile)
        read_name(&r, "boot_profile", &manifest->boot_profile);
    if (manifest->kind == PUP_KIND_ROOM)
        read_room(&r, manifest);
    else if (pup_json_has(&r, "guest"))
        read_needs(&r, manifest);
    return pup_json_end(&r) ? g_steal_pointer(&manifest) : NULL;
}

/* A newer format may differ in everything else: look at the number first. */
static gboolean
check_format(json_t *root, GError **error)
{
    json_int_t format = json_integer_value(json_object_get(root, "format"));
    if (format <= PUP_MANIFEST_FORMAT)
        return TRUE;
    pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                  WHAT ": format %lld is newer than this program's %d",
                  (long long) format, PUP_MANIFEST_FORMAT);
    return FALSE;
}

PupManifest *
pup_manifest_parse(const void *text, size_t len, GError **error)
{
    g_autoptr(PupJsonValue) root =
        pup_json_parse(WHAT, text, len, PUP_MANIFEST_MAX_BYTES, error);
    if (!root || !check_format(root, error))
        return NULL;
    g_autoptr(PupManifest) manifest = read_manifest(root, error);
    if (!manifest)
        return NULL;
    g_autoptr(GBytes) again = pup_manifest_format(manifest);
    g_autoptr(GBytes) given = g_bytes_new_static(text, len);
    if (!g_bytes_equal(again, given)) {
        pup_error_set(error, PUP_ERROR_INVALID, WHAT ": not in canonical form");
        return NULL;
    }
    return g_steal_pointer(&manifest);
}

void
pup_manifest_set_map(PupManifest *manifest, const PupChunkMap *map)
{
    g_free(manifest->pages);
    manifest->disk_bytes = pup_chunk_map_disk_bytes(map);
    manifest->n_pages = pup_chunk_map_n_pages(map);
    manifest->pages = g_new(PupName, manifest->n_pages);
    for (guint64 i = 0; i < manifest->n_pages; i++)
        manifest->pages[i] = *pup_chunk_map_page_name(map, i);
}

PupChunkMap *
pup_manifest_map(const PupManifest *manifest, GError **error)
{
    return pup_chunk_map_new_from_pages(manifest->disk_bytes, manifest->pages,
                                        manifest->n_pages, error);
}

char *
pup_manifest_label(const PupManifest *manifest)
{
    return g_strdup_printf("%s@%u", manifest->name, manifest->version);
}
