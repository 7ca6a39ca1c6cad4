/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * signature - Ed25519 in signify's file formats
 *
 * Keys and signatures are the two-line texts of OpenBSD's signify ("untrusted comment:
 * ..." and base64), so `signify-openbsd -V -p key.pub -m manifest.json -x
 * manifest.json.sig` checks what we sign, and its keys (made with -n, no passphrase) work
 * here. Layouts: doc/formats.md.
 *
 * Pure (random bytes come from OpenSSL); any thread; keys are immutable.
 */
#pragma once

#include <glib.h>

typedef struct PupSecretKey PupSecretKey;
typedef struct PupPublicKey PupPublicKey;

/* Texts larger than this are refused before they are looked at. */
#define PUP_SIGNATURE_TEXT_MAX 4096u

/* Make a new key pair. Errors: IO when no random bytes are to be had. */
PupSecretKey *pup_secret_key_generate(GError **error);

/* Parse a signify secret key text. Errors: INVALID; UNSUPPORTED for one with a
 * passphrase. */
PupSecretKey *pup_secret_key_parse(const char *text, size_t len, GError **error);
/* Its text; new NUL-terminated string. Keep it 0600. */
char *pup_secret_key_format(const PupSecretKey *key);
/* The public half; new object. */
PupPublicKey *pup_secret_key_public(const PupSecretKey *key);
/* Wipes the key. */
void pup_secret_key_free(PupSecretKey *key);

/* Parse a signify public key text. Errors: INVALID. */
PupPublicKey *pup_public_key_parse(const char *text, size_t len, GError **error);
char *pup_public_key_format(const PupPublicKey *key);
void pup_public_key_free(PupPublicKey *key);

/* Sign @len bytes at @message; returns the signature's text, a new string. */
char *pup_sign(const PupSecretKey *key, const void *message, size_t len);

/* Check the signature text @sig (@sig_len bytes) of @message. Errors: INVALID (not a
 * signature), DENIED (made with another key: the message gives both key numbers; or does
 * not match the message). */
gboolean pup_verify(const PupPublicKey *key, const void *message, size_t len,
                    const char *sig, size_t sig_len, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupSecretKey, pup_secret_key_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PupPublicKey, pup_public_key_free)
