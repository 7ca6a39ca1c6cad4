/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * manifest - one published version: which chunks, derived from what, run how
 *
 * Canonical JSON (sorted keys, no spaces, one line, newline at the end; doc/formats.md),
 * signed as those exact bytes: readers verify the bytes they received first
 * (lib/signature.h) and parse second. A manifest of a newer format is refused as
 * UNSUPPORTED.
 *
 * Pure; a PupManifest is a plain struct, owned by one thread at a time.
 */
#pragma once

#include "lib/chunk_map.h"
#include "lib/guest.h"
#include "lib/needs.h"

/* What this program reads. A manifest is written in the oldest format that can say it, so
 * that client images of before go on with rooms that want nothing new. */
#define PUP_MANIFEST_FORMAT 3
/* 64 TiB of disk are 131072 pages; 16 MiB of text hold them. */
#define PUP_MANIFEST_MAX_BYTES (16u * 1024u * 1024u)

/* A domain template has some 8 KiB. */
#define PUP_DOMAIN_TEMPLATE_MAX (256u * 1024u)

typedef enum { PUP_KIND_MASTER, PUP_KIND_ROOM } PupKind;

typedef struct {
    PupKind kind;
    char *name;       /* of the master or room */
    unsigned version; /* 1 .. */
    char *created;    /* RFC 3339, UTC, seconds: "2026-11-21T08:00:00Z" */
    guint64 disk_bytes;
    PupName *pages; /* n_pages names; n_pages = pup_chunk_map_pages_for(disk_bytes) */
    guint64 n_pages;
    gboolean has_boot_profile;
    PupName boot_profile; /* chunk that holds it, if has_boot_profile */
    char *master;         /* room: the master it derives from; master: NULL */
    unsigned master_version;
    unsigned parent;       /* version of the same name it follows, 0 for the first */
    PupGuest guest;        /* room only; defaults for a master */
    gboolean has_needs;    /* master only; one of before has none */
    PupNeeds needs;        /* what its disk asks of the machine, if has_needs */
    char *domain_template; /* room only: the libvirt domain template (lib/template.h) */
    guint64 cache_mib; /* room only: bound of the seat's chunk cache, 0: seat decides */
} PupManifest;

/* A manifest created now, with default guest settings and no disk: set the map, and for a
 * room the master, next. */
PupManifest *pup_manifest_new(PupKind kind, const char *name, unsigned version);
void pup_manifest_free(PupManifest *manifest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupManifest, pup_manifest_free)

/* Canonical text, the bytes that are signed. All strings must be UTF-8; a room needs its
 * master; no domain template counts as an empty one. */
GBytes *pup_manifest_format(const PupManifest *manifest);

/* Parse and check everything: types, ranges, unknown keys, names, page count, and that
 * the text is the canonical one. Errors: INVALID (with the key), UNSUPPORTED (newer
 * format). */
PupManifest *pup_manifest_parse(const void *text, size_t len, GError **error);

/* Take the page names out of @map (all sealed). */
void pup_manifest_set_map(PupManifest *manifest, const PupChunkMap *map);
/* A map of @manifest's pages, none loaded. */
PupChunkMap *pup_manifest_map(const PupManifest *manifest, GError **error);

/* "lab-101@7". New string. */
char *pup_manifest_label(const PupManifest *manifest);
