/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The three texts are one form: a comment line, then one line of base64 over a packed
 * struct. Base64 is read strictly (the one canonical text of its bytes), the comment is
 * never looked at beyond its fixed beginning: it is not covered by the signature.
 *
 * Secret keys carry no passphrase: the server signs unattended, so one would have to lie
 * beside the key. signify's layout for that is zero rounds of its key derivation.
 */
#include "config.h"
#include "lib/signature.h"

#include "lib/error.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

#define KEY_NUMBER_BYTES 8
#define SEED_BYTES 32
#define PUBLIC_BYTES 32
#define SIGNATURE_BYTES 64
#define COMMENT "untrusted comment: "

typedef struct {
    guint8 algorithm[2]; /* "Ed" */
    guint8 number[KEY_NUMBER_BYTES];
    guint8 key[PUBLIC_BYTES];
} PublicBlob;

typedef struct {
    guint8 algorithm[2];  /* "Ed" */
    guint8 derivation[2]; /* "BK" */
    guint8 rounds[4];     /* 0: no passphrase */
    guint8 salt[16];
    guint8 checksum[8]; /* of SHA-512 over the two fields that follow the number */
    guint8 number[KEY_NUMBER_BYTES];
    guint8 seed[SEED_BYTES];
    guint8 public_key[PUBLIC_BYTES];
} SecretBlob;

typedef struct {
    guint8 algorithm[2]; /* "Ed" */
    guint8 number[KEY_NUMBER_BYTES];
    guint8 signature[SIGNATURE_BYTES];
} SignatureBlob;

G_STATIC_ASSERT(sizeof(PublicBlob) == 42);
G_STATIC_ASSERT(sizeof(SecretBlob) == 104);
G_STATIC_ASSERT(sizeof(SignatureBlob) == 74);

struct PupSecretKey {
    SecretBlob blob;
    EVP_PKEY *pkey;
};

struct PupPublicKey {
    PublicBlob blob;
    EVP_PKEY *pkey;
};

static const guint8 ed25519[2] = {'E', 'd'};

static void
wipe_free(void *secret, size_t len)
{
    if (secret)
        OPENSSL_cleanse(secret, len);
    g_free(secret);
}

static char *
format_text(const char *comment, const void *blob, size_t len)
{
    g_autofree char *base64 = g_base64_encode(blob, len);
    char *text = g_strdup_printf(COMMENT "%s\n%s\n", comment, base64);
    OPENSSL_cleanse(base64, strlen(base64));
    return text;
}

/* Decode @line into exactly @len bytes at @blob; only the canonical text will do. */
static gboolean
decode_base64(const char *line, size_t line_len, guint8 *blob, size_t len)
{
    if (line_len != (len + 2) / 3 * 4)
        return FALSE;
    char *copy = g_strndup(line, line_len);
    gsize decoded_len = 0;
    guint8 *decoded = g_base64_decode(copy, &decoded_len);
    gboolean ok = decoded_len == len;
    if (ok) {
        char *again = g_base64_encode(decoded, decoded_len);
        ok = memcmp(again, line, line_len) == 0;
        wipe_free(again, line_len);
    }
    if (ok)
        memcpy(blob, decoded, len);
    wipe_free(decoded, decoded_len);
    wipe_free(copy, line_len);
    return ok;
}

/* The blob of a two-line text; @what names it in messages. */
static gboolean
parse_text(const char *what, const char *text, size_t len, void *blob, size_t blob_len,
           GError **error)
{
    const char *wrong = NULL;
    const char *first_end = NULL, *second_end = NULL;
    if (len > PUP_SIGNATURE_TEXT_MAX)
        wrong = "too long";
    else if (memchr(text, '\0', len))
        wrong = "it holds a zero byte";
    else if (len < strlen(COMMENT) || memcmp(text, COMMENT, strlen(COMMENT)) != 0)
        wrong = "it does not begin with '" COMMENT "'";
    else if (!(first_end = memchr(text, '\n', len)) ||
             !(second_end =
                   memchr(first_end + 1, '\n', len - (size_t) (first_end + 1 - text))))
        wrong = "it is not two lines";
    else if (second_end != text + len - 1)
        wrong = "there is something behind its second line";
    else if (!decode_base64(first_end + 1, (size_t) (second_end - first_end - 1), blob,
                            blob_len))
        wrong = "its second line is not the base64 of one";
    else if (memcmp(blob, ed25519, sizeof ed25519) != 0)
        wrong = "it is not for Ed25519";
    if (wrong)
        pup_error_set(error, PUP_ERROR_INVALID, "not a signify %s: %s", what, wrong);
    return !wrong;
}

static void
compute_checksum(const SecretBlob *blob, guint8 checksum[8])
{
    guint8 both[SEED_BYTES + PUBLIC_BYTES], digest[64];
    memcpy(both, blob->seed, SEED_BYTES);
    memcpy(both + SEED_BYTES, blob->public_key, PUBLIC_BYTES);
    if (!EVP_Digest(both, sizeof both, digest, NULL, EVP_sha512(), NULL))
        g_error("SHA-512 failed: out of memory");
    memcpy(checksum, digest, 8);
    OPENSSL_cleanse(both, sizeof both);
    OPENSSL_cleanse(digest, sizeof digest);
}

/* A key object of @blob's seed; sets the blob's public key to the seed's own. */
static EVP_PKEY *
derive_key(SecretBlob *blob)
{
    size_t len = PUBLIC_BYTES;
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, blob->seed, SEED_BYTES);
    if (!pkey || !EVP_PKEY_get_raw_public_key(pkey, blob->public_key, &len))
        g_error("libcrypto has no Ed25519");
    return pkey;
}

PupSecretKey *
pup_secret_key_generate(GError **error)
{
    g_autoptr(PupSecretKey) key = g_new0(PupSecretKey, 1);
    SecretBlob *blob = &key->blob;
    memcpy(blob->algorithm, ed25519, sizeof ed25519);
    memcpy(blob->derivation, "BK", 2);
    if (RAND_bytes(blob->salt, sizeof blob->salt) != 1 ||
        RAND_bytes(blob->number, sizeof blob->number) != 1 ||
        RAND_priv_bytes(blob->seed, sizeof blob->seed) != 1) {
        pup_error_set(error, PUP_ERROR_IO, "cannot make a key: no random bytes");
        return NULL;
    }
    key->pkey = derive_key(blob);
    compute_checksum(blob, blob->checksum);
    return g_steal_pointer(&key);
}

static gboolean
check_secret(PupSecretKey *key, GError **error)
{
    static const guint8 no_rounds[4];
    SecretBlob *blob = &key->blob;
    guint8 checksum[8], stated[PUBLIC_BYTES];
    if (memcmp(blob->derivation, "BK", 2) != 0 ||
        memcmp(blob->rounds, no_rounds, sizeof no_rounds) != 0) {
        pup_error_set(error, PUP_ERROR_UNSUPPORTED,
                      "the secret key has a passphrase; make one without "
                      "(signify-openbsd -G -n)");
        return FALSE;
    }
    compute_checksum(blob, checksum);
    memcpy(stated, blob->public_key, PUBLIC_BYTES);
    key->pkey = derive_key(blob);
    if (memcmp(checksum, blob->checksum, sizeof checksum) != 0 ||
        memcmp(stated, blob->public_key, PUBLIC_BYTES) != 0) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "the secret key is damaged: its checksum does not match");
        return FALSE;
    }
    return TRUE;
}

PupSecretKey *
pup_secret_key_parse(const char *text, size_t len, GError **error)
{
    g_autoptr(PupSecretKey) key = g_new0(PupSecretKey, 1);
    if (!parse_text("secret key", text, len, &key->blob, sizeof key->blob, error) ||
        !check_secret(key, error))
        return NULL;
    return g_steal_pointer(&key);
}

char *
pup_secret_key_format(const PupSecretKey *key)
{
    return format_text("pupitre secret key", &key->blob, sizeof key->blob);
}

static PupPublicKey *
public_key_new(const PublicBlob *blob)
{
    PupPublicKey *key = g_new0(PupPublicKey, 1);
    key->blob = *blob;
    key->pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, blob->key, PUBLIC_BYTES);
    if (!key->pkey)
        g_error("libcrypto has no Ed25519");
    return key;
}

PupPublicKey *
pup_secret_key_public(const PupSecretKey *key)
{
    PublicBlob blob;
    memcpy(blob.algorithm, ed25519, sizeof ed25519);
    memcpy(blob.number, key->blob.number, KEY_NUMBER_BYTES);
    memcpy(blob.key, key->blob.public_key, PUBLIC_BYTES);
    return public_key_new(&blob);
}

void
pup_secret_key_free(PupSecretKey *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    wipe_free(key, sizeof *key);
}

PupPublicKey *
pup_public_key_parse(const char *text, size_t len, GError **error)
{
    PublicBlob blob;
    if (!parse_text("public key", text, len, &blob, sizeof blob, error))
        return NULL;
    return public_key_new(&blob);
}

char *
pup_public_key_format(const PupPublicKey *key)
{
    return format_text("pupitre public key", &key->blob, sizeof key->blob);
}

void
pup_public_key_free(PupPublicKey *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    g_free(key);
}

char *
pup_sign(const PupSecretKey *key, const void *message, size_t len)
{
    SignatureBlob blob;
    size_t sig_len = SIGNATURE_BYTES;
    memcpy(blob.algorithm, ed25519, sizeof ed25519);
    memcpy(blob.number, key->blob.number, KEY_NUMBER_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) != 1 ||
        EVP_DigestSign(ctx, blob.signature, &sig_len, message, len) != 1)
        g_error("Ed25519 failed: out of memory");
    EVP_MD_CTX_free(ctx);
    return format_text("signed by pupitre", &blob, sizeof blob);
}

static char *
number_text(const guint8 number[KEY_NUMBER_BYTES])
{
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < KEY_NUMBER_BYTES; i++)
        g_string_append_printf(text, "%02x", number[i]);
    return g_string_free(text, FALSE);
}

static gboolean
matches(EVP_PKEY *pkey, const SignatureBlob *blob, const void *message, size_t len)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    gboolean ok =
        ctx && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
        EVP_DigestVerify(ctx, blob->signature, SIGNATURE_BYTES, message, len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok;
}

gboolean
pup_verify(const PupPublicKey *key, const void *message, size_t len, const char *sig,
           size_t sig_len, GError **error)
{
    SignatureBlob blob;
    if (!parse_text("signature", sig, sig_len, &blob, sizeof blob, error))
        return FALSE;
    if (memcmp(blob.number, key->blob.number, KEY_NUMBER_BYTES) != 0) {
        g_autofree char *theirs = number_text(blob.number);
        g_autofree char *ours = number_text(key->blob.number);
        pup_error_set(error, PUP_ERROR_DENIED,
                      "signed with key %s, but only key %s is trusted", theirs, ours);
        return FALSE;
    }
    if (!matches(key->pkey, &blob, message, len)) {
        pup_error_set(error, PUP_ERROR_DENIED,
                      "the signature does not match: the bytes were changed after "
                      "signing");
        return FALSE;
    }
    return TRUE;
}
