/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * store_fixture - a store in a temporary folder, and small disks to publish in it
 *
 * A disk is a list of seeds, one a chunk: seed 0 is a chunk of zeros, any other always
 * gives the same chunk, which compresses to some hundred bytes. A seed from
 * FIXTURE_NOISE on gives one that does not compress.
 */
#pragma once

#include "lib/signature.h"
#include "server/store/fsck.h"

/* Of one byte over and over: a few bytes in the store. */
#define FIXTURE_PLAIN 999999u
#define FIXTURE_NOISE 1000000u

typedef struct {
    char *dir; /* the store's folder */
    char *uri;
    PupStore *store;
    PupSecretKey *key;
    PupPublicKey *public;
    unsigned boot_profile; /* seed of the chunk that stands for the boot profile of what
                              is published next; 0: none */
    const char *seat; /* MAC of the seat that what is published next is for; NULL: all */
} Fixture;

Fixture *fixture_new(void);
void fixture_free(Fixture *f);
/* The same as cmocka's setup and teardown. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* Path of a file in the store; new string. */
char *fixture_path(const Fixture *f, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The file names in STORE/@sub that end with @suffix; g_strfreev(). */
char **fixture_list(const Fixture *f, const char *sub, const char *suffix);

void fixture_chunk(unsigned seed, guint8 *plain, PupName *name);

/* Put the chunks of a disk and its map, and make its signed manifest. */
gboolean fixture_put_disk(Fixture *f, PupStoreWrite *write, PupKind kind,
                          const char *name, unsigned version, const unsigned *seeds,
                          size_t n, GBytes **manifest, GBytes **sig, GError **error);
/* Publish @n chunks as @name@@version, through @store. */
gboolean fixture_publish_to(Fixture *f, PupStore *store, PupKind kind, const char *name,
                            unsigned version, const unsigned *seeds, size_t n,
                            GError **error);
/* Publish a room's version in the fixture's own store; must work. */
void fixture_publish(Fixture *f, const char *room, unsigned version,
                     const unsigned *seeds, size_t n);

/* TRUE when @room@@version reads back as @seeds from @store; else why in @error. */
gboolean fixture_matches(Fixture *f, PupStore *store, const char *room, unsigned version,
                         const unsigned *seeds, size_t n, GError **error);

/* Run fsck with the fixture's key; must work. */
PupFsckReport *fixture_fsck(Fixture *f, gboolean repair);
/* Findings that are not harmless. */
guint fixture_n_harmful(const PupFsckReport *report);
/* Fails the test, printing them, when there is one. */
void fixture_assert_clean(const PupFsckReport *report);

/* Read a small file whole, write it whole; must work. */
GByteArray *fixture_read(const char *path);
void fixture_write(const char *path, const void *data, size_t len);
