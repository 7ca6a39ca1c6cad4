/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include "lib/signature.h"

static const char message[] = "{\"format\":1}\n";
#define MESSAGE_LEN (sizeof message - 1)

typedef struct {
    PupSecretKey *secret;
    PupPublicKey *public;
    char *secret_text, *public_text, *signature;
} Keys;

static int
setup(void **state)
{
    Keys *keys = g_new0(Keys, 1);
    keys->secret = pup_secret_key_generate(NULL);
    keys->public = pup_secret_key_public(keys->secret);
    keys->secret_text = pup_secret_key_format(keys->secret);
    keys->public_text = pup_public_key_format(keys->public);
    keys->signature = pup_sign(keys->secret, message, MESSAGE_LEN);
    *state = keys;
    return 0;
}

static int
teardown(void **state)
{
    Keys *keys = *state;
    pup_secret_key_free(keys->secret);
    pup_public_key_free(keys->public);
    g_free(keys->secret_text);
    g_free(keys->public_text);
    g_free(keys->signature);
    g_free(keys);
    return 0;
}

static void
test_round_trip(void **state)
{
    Keys *keys = *state;
    GError *error = NULL;
    g_autoptr(PupSecretKey) secret =
        pup_secret_key_parse(keys->secret_text, strlen(keys->secret_text), &error);
    unit_assert_no_error(error);
    g_autoptr(PupPublicKey) public =
        pup_public_key_parse(keys->public_text, strlen(keys->public_text), &error);
    unit_assert_no_error(error);
    g_autofree char *again = pup_secret_key_format(secret);
    assert_string_equal(again, keys->secret_text);
    /* Ed25519 has no randomness: the same key signs the same. */
    g_autofree char *signature = pup_sign(secret, message, MESSAGE_LEN);
    assert_string_equal(signature, keys->signature);
    assert_true(
        pup_verify(public, message, MESSAGE_LEN, signature, strlen(signature), &error));
}

static void
test_other_key(void **state)
{
    Keys *keys = *state;
    GError *error = NULL;
    g_autoptr(PupSecretKey) other = pup_secret_key_generate(&error);
    g_autofree char *signature = pup_sign(other, message, MESSAGE_LEN);
    assert_false(pup_verify(keys->public, message, MESSAGE_LEN, signature,
                            strlen(signature), &error));
    unit_assert_error(&error, PUP_ERROR_DENIED, "signed with key");
}

static void
verify_changed_message(const char *text, size_t len, gpointer data)
{
    Keys *keys = data;
    GError *error = NULL;
    assert_false(pup_verify(keys->public, text, len, keys->signature,
                            strlen(keys->signature), &error));
    unit_assert_error(&error, PUP_ERROR_DENIED, "does not match");
}

static void
test_changed_message(void **state)
{
    unit_each_cut(message, MESSAGE_LEN, verify_changed_message, *state);
    unit_each_flip(message, MESSAGE_LEN, verify_changed_message, *state);
}

/* TRUE when only the comment, which nobody signs, differs from @original. */
static gboolean
same_second_line(const char *original, const char *text, size_t len)
{
    const char *newline = strchr(original, '\n');
    size_t at = (size_t) (newline - original);
    return len == strlen(original) && memcmp(text + at, newline, len - at) == 0;
}

static void
verify_changed_signature(const char *text, size_t len, gpointer data)
{
    Keys *keys = data;
    g_autoptr(GError) error = NULL;
    if (pup_verify(keys->public, message, MESSAGE_LEN, text, len, &error)) {
        assert_true(same_second_line(keys->signature, text, len));
        return;
    }
    assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID) ||
                g_error_matches(error, PUP_ERROR, PUP_ERROR_DENIED));
}

static void
test_changed_signature(void **state)
{
    Keys *keys = *state;
    size_t len = strlen(keys->signature);
    unit_each_cut(keys->signature, len, verify_changed_signature, keys);
    unit_each_flip(keys->signature, len, verify_changed_signature, keys);
}

/* The checksum inside a secret key's text: bytes 24 to 31 of its second line. */
static void
get_checksum(const char *text, guint8 checksum[8])
{
    gsize len;
    g_autofree guint8 *blob = g_base64_decode(strchr(text, '\n') + 1, &len);
    assert_int_equal(len, 104);
    memcpy(checksum, blob + 24, 8);
}

static void
parse_changed_secret(const char *text, size_t len, gpointer data)
{
    Keys *keys = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSecretKey) key = pup_secret_key_parse(text, len, &error);
    if (!key) {
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID) ||
                    g_error_matches(error, PUP_ERROR, PUP_ERROR_UNSUPPORTED));
        return;
    }
    /* Salt and key number are not checked; the checksum and the key must be the same. */
    guint8 checksum[8], expected_checksum[8];
    g_autofree char *copy = g_strndup(text, len);
    get_checksum(copy, checksum);
    get_checksum(keys->secret_text, expected_checksum);
    assert_memory_equal(checksum, expected_checksum, sizeof checksum);
    g_autofree char *signature = pup_sign(key, message, MESSAGE_LEN);
    g_autoptr(PupPublicKey) public = pup_secret_key_public(key);
    assert_true(
        pup_verify(public, message, MESSAGE_LEN, signature, strlen(signature), &error));
    const char *tail = strchr(signature, '\n') + 1 + 16;
    const char *expected = strchr(keys->signature, '\n') + 1 + 16;
    assert_string_equal(tail, expected);
}

static void
parse_changed_public(const char *text, size_t len, gpointer data)
{
    Keys *keys = data;
    g_autoptr(GError) error = NULL;
    g_autoptr(PupPublicKey) key = pup_public_key_parse(text, len, &error);
    if (!key) {
        assert_true(g_error_matches(error, PUP_ERROR, PUP_ERROR_INVALID));
        return;
    }
    gboolean good = pup_verify(key, message, MESSAGE_LEN, keys->signature,
                               strlen(keys->signature), NULL);
    assert_int_equal(good, same_second_line(keys->public_text, text, len));
}

static void
test_changed_keys(void **state)
{
    Keys *keys = *state;
    size_t secret_len = strlen(keys->secret_text), public_len = strlen(keys->public_text);
    unit_each_cut(keys->secret_text, secret_len, parse_changed_secret, keys);
    unit_each_flip(keys->secret_text, secret_len, parse_changed_secret, keys);
    unit_each_cut(keys->public_text, public_len, parse_changed_public, keys);
    unit_each_flip(keys->public_text, public_len, parse_changed_public, keys);
}

/* The last digit before '=' has two bits that no byte takes: they must be zero, else one
 * signature would have four texts. */
static void
test_base64_is_canonical(void **state)
{
    Keys *keys = *state;
    GError *error = NULL;
    g_autofree char *text = g_strdup(keys->signature);
    char *pad = strchr(strchr(text, '\n') + 1, '=');
    assert_non_null(strchr("AEIMQUYcgkosw048", pad[-1]));
    pad[-1]++;
    assert_false(
        pup_verify(keys->public, message, MESSAGE_LEN, text, strlen(text), &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "base64");
}

static void
test_more_behind(void **state)
{
    Keys *keys = *state;
    GError *error = NULL;
    g_autofree char *longer = g_strconcat(keys->signature, "\n", NULL);
    assert_false(
        pup_verify(keys->public, message, MESSAGE_LEN, longer, strlen(longer), &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "behind its second line");
    g_autofree char *comment = g_strnfill(PUP_SIGNATURE_TEXT_MAX, 'x');
    g_autofree char *huge = g_strconcat("untrusted comment: ", comment, "\n", NULL);
    assert_null(pup_public_key_parse(huge, strlen(huge), &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "too long");
}

static void
test_passphrase(void **state)
{
    Keys *keys = *state;
    GError *error = NULL;
    g_autofree char *text = g_strdup(keys->secret_text);
    /* "Ed" "BK" and four bytes of rounds: 42 of them. */
    memcpy(strchr(text, '\n') + 1, "RWRCSwAAACo", 11);
    assert_null(pup_secret_key_parse(text, strlen(text), &error));
    unit_assert_error(&error, PUP_ERROR_UNSUPPORTED, "passphrase");
}

/* Run signify with @arguments in @dir; its exit status. */
static int
run_signify(const char *dir, const char *arguments)
{
    g_autofree char *program = g_find_program_in_path("signify-openbsd");
    g_autofree char *line = g_strconcat("signify-openbsd ", arguments, NULL);
    g_auto(GStrv) argv = g_strsplit(line, " ", -1);
    int status = -1;
    if (!program)
        skip();
    assert_true(g_spawn_sync(dir, argv, NULL,
                             G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                                 G_SPAWN_STDERR_TO_DEV_NULL,
                             NULL, NULL, NULL, NULL, &status, NULL));
    return status;
}

static void
put(const char *dir, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

static char *
take(const char *dir, const char *name)
{
    g_autofree char *path = g_build_filename(dir, name, NULL);
    char *text = NULL;
    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

static void
test_signify_checks_ours(void **state)
{
    Keys *keys = *state;
    char *dir = unit_make_dir();
    put(dir, "ours.pub", keys->public_text);
    put(dir, "m", message);
    put(dir, "m.sig", keys->signature);
    put(dir, "other", "{\"format\":2}\n");
    int good = run_signify(dir, "-V -q -p ours.pub -m m -x m.sig");
    int bad = run_signify(dir, "-V -q -p ours.pub -m other -x m.sig");
    unit_remove_dir(dir);
    assert_int_equal(good, 0);
    assert_int_not_equal(bad, 0);
}

static void
test_we_check_signify(void **state)
{
    Keys *keys = *state;
    GError *error = NULL;
    char *dir = unit_make_dir();
    put(dir, "ours.sec", keys->secret_text);
    put(dir, "m", message);
    assert_int_equal(run_signify(dir, "-S -s ours.sec -m m -x m.sig"), 0);
    assert_int_equal(run_signify(dir, "-G -n -p their.pub -s their.sec"), 0);
    g_autofree char *signature = take(dir, "m.sig");
    g_autofree char *their_secret = take(dir, "their.sec");
    g_autofree char *their_public = take(dir, "their.pub");
    unit_remove_dir(dir);
    assert_true(pup_verify(keys->public, message, MESSAGE_LEN, signature,
                           strlen(signature), &error));
    g_autoptr(PupSecretKey) secret =
        pup_secret_key_parse(their_secret, strlen(their_secret), &error);
    unit_assert_no_error(error);
    g_autoptr(PupPublicKey) public =
        pup_public_key_parse(their_public, strlen(their_public), &error);
    unit_assert_no_error(error);
    g_autofree char *by_theirs = pup_sign(secret, message, MESSAGE_LEN);
    assert_true(
        pup_verify(public, message, MESSAGE_LEN, by_theirs, strlen(by_theirs), &error));
}

#define WITH_KEYS(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KEYS(test_round_trip),          WITH_KEYS(test_other_key),
        WITH_KEYS(test_changed_message),     WITH_KEYS(test_changed_signature),
        WITH_KEYS(test_changed_keys),        WITH_KEYS(test_more_behind),
        WITH_KEYS(test_base64_is_canonical), WITH_KEYS(test_passphrase),
        WITH_KEYS(test_signify_checks_ours), WITH_KEYS(test_we_check_signify),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
