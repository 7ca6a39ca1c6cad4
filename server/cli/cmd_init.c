/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/check/state.h"
#include "server/cli/commands.h"
#include "server/cli/findings.h"
#include "server/cli/out.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "lib/file.h"

#define DEFAULT_STATE PUP_LOCALSTATEDIR "/lib/pupitre"

/* Says what is there already and what is made; both are fine. */
static gboolean
is_there(const PupCli *cli, const char *path)
{
    if (access(path, F_OK) < 0)
        return FALSE;
    if (!cli->quiet)
        pup_out_line("%s is there", path);
    return TRUE;
}

static gboolean
make_folder(const PupCli *cli, const char *path, mode_t mode, GError **error)
{
    if (access(path, F_OK) == 0 && !g_file_test(path, G_FILE_TEST_IS_DIR)) {
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s' is no folder: move it away, then run init again", path);
        return FALSE;
    }
    if (is_there(cli, path))
        return TRUE;
    if (!cli->dry_run && !pup_file_make_dir(path, error))
        return FALSE;
    if (!cli->dry_run && chmod(path, mode) < 0) {
        pup_error_set_errno(error, errno, "cannot change the mode of '%s'", path);
        return FALSE;
    }
    pup_cli_did(cli, "make", "made", "%s", path);
    return TRUE;
}

static gboolean
make_config(const PupCli *cli, const char *state_dir, GError **error)
{
    const char *path = pup_cli_config_path(cli);
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *text = NULL;

    if (is_there(cli, path))
        return TRUE;
    text = pup_settings_default_text(state_dir);
    if (!cli->dry_run && (!pup_file_make_dir(folder, error) ||
                          !pup_file_replace(path, text, strlen(text), 0644, error)))
        return FALSE;
    pup_cli_did(cli, "write", "wrote", "the configuration %s", path);
    return TRUE;
}

/* What is there stands: the settings of the configuration, or what it will say. */
static char *
state_dir_of(PupCli *cli, const char *asked, GError **error)
{
    const PupSettings *settings;

    if (access(pup_cli_config_path(cli), F_OK) < 0)
        return g_canonicalize_filename(asked ? asked : DEFAULT_STATE, NULL);
    settings = pup_cli_settings(cli, error);
    if (!settings)
        return NULL;
    if (asked && strcmp(asked, settings->state_dir) != 0) {
        pup_error_set(error, PUP_ERROR_EXISTS,
                      "'%s' is there and its state_dir is '%s'; edit it there",
                      settings->path, settings->state_dir);
        return NULL;
    }
    return g_strdup(settings->state_dir);
}

static gboolean
make_folders(const PupCli *cli, const char *state, GError **error)
{
    static const struct {
        const char *sub;
        mode_t mode;
    } folders[] = {
        {"images", 0755},       {"images/masters", 0755}, {"images/rooms", 0755},
        {"client-image", 0755}, {"keys", 0755},           {"tftp", 0755},
        {"run", 0755},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = g_build_filename(state, folders[i].sub, NULL);
        if (!make_folder(cli, path, folders[i].mode, error))
            return FALSE;
    }
    return TRUE;
}

/* TRUE when the folder @path holds a file whose name ends in @end. */
static gboolean
holds(const char *path, const char *end)
{
    g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
    const char *file;

    while (dir && (file = g_dir_read_name(dir)))
        if (file[0] != '.' && g_str_has_suffix(file, end))
            return TRUE;
    return FALSE;
}

/* An empty store in the place of one that got lost would make everything around it look
 * like left-overs. */
static gboolean
check_no_lost_store(const char *state, const char *store, GError **error)
{
    g_autofree char *masters = g_build_filename(state, "images/masters", NULL);
    g_autofree char *rooms = g_build_filename(state, "images/rooms", NULL);

    if (!holds(masters, ".qcow2") && !holds(rooms, ".qcow2"))
        return TRUE;
    pup_error_set(error, PUP_ERROR_EXISTS,
                  "there is no store in '%s', but there are disks in '%s/images': mount "
                  "the store or restore it from a backup; no other was made",
                  store, state);
    return FALSE;
}

/* The file "format" is made last: without it there is no store. */
static gboolean
make_store(const PupCli *cli, const char *state, GError **error)
{
    g_autofree char *path = g_build_filename(state, "store", NULL);
    g_autofree char *format = g_build_filename(path, "format", NULL);
    g_autofree char *uri = g_strconcat("dir:", path, NULL);

    if (access(format, F_OK) == 0)
        return is_there(cli, path);
    if (!check_no_lost_store(state, path, error) ||
        (!cli->dry_run && !pup_store_create(uri, error)))
        return FALSE;
    pup_cli_did(cli, "make", "made", "the store %s", path);
    return TRUE;
}

/* TRUE when something is there that another key would make worthless. */
static gboolean
has_signed(const char *state)
{
    static const char *const places[] = {"store/manifests/masters",
                                         "store/manifests/rooms"};
    g_autofree char *image = g_build_filename(state, "client-image/current", NULL);

    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_build_filename(state, places[i], NULL);
        if (holds(path, ""))
            return TRUE;
    }
    return g_file_test(image, G_FILE_TEST_IS_SYMLINK);
}

/* A new key is made only where there never was one: what is signed with a lost one would
 * be believed by nobody any more, and what is signed with a new one not by the PCs. */
static gboolean
check_no_lost_key(const char *state, const char *sec, const char *pub, GError **error)
{
    if (access(pub, F_OK) < 0 && !has_signed(state))
        return TRUE;
    pup_error_set(error, PUP_ERROR_EXISTS,
                  "the secret half of the signing key, '%s', is gone: restore it from a "
                  "backup (the public half is made out of it). No other was made, since "
                  "PCs and versions that are there trust only the lost one; without a "
                  "backup, begin anew in another state folder",
                  sec);
    return FALSE;
}

static PupSecretKey *
read_secret(const char *sec, GError **error)
{
    g_autoptr(GBytes) text = pup_file_read(sec, PUP_SIGNATURE_TEXT_MAX, error);
    PupSecretKey *key = text ? pup_secret_key_parse(g_bytes_get_data(text, NULL),
                                                    g_bytes_get_size(text), error)
                             : NULL;

    if (text && !key)
        g_prefix_error(error, "'%s' (restore it from a backup): ", sec);
    return key;
}

static void
say_key(const PupCli *cli, gboolean has_sec, const char *sec, const char *pub)
{
    if (has_sec)
        pup_cli_did(cli, "make", "made", "%s out of the secret half", pub);
    else
        pup_cli_did(cli, "make", "made", "the signing key %s", sec);
}

/* The secret half first: a public half alone would be believed and could sign nothing. */
static gboolean
make_key(const PupCli *cli, const char *state, GError **error)
{
    g_autofree char *sec = g_build_filename(state, "keys/server.sec", NULL);
    g_autofree char *pub = g_build_filename(state, "keys/server.pub", NULL);
    g_autoptr(PupSecretKey) key = NULL;
    g_autoptr(PupPublicKey) public = NULL;
    g_autofree char *sec_text = NULL, *pub_text = NULL;
    gboolean has_sec = is_there(cli, sec);

    if (has_sec && is_there(cli, pub))
        return TRUE;
    if (!has_sec && !check_no_lost_key(state, sec, pub, error))
        return FALSE;
    if (cli->dry_run) {
        say_key(cli, has_sec, sec, pub);
        return TRUE;
    }
    key = has_sec ? read_secret(sec, error) : pup_secret_key_generate(error);
    if (!key)
        return FALSE;
    public = pup_secret_key_public(key);
    sec_text = pup_secret_key_format(key);
    pub_text = pup_public_key_format(public);
    if ((!has_sec && !pup_file_replace(sec, sec_text, strlen(sec_text), 0600, error)) ||
        !pup_file_replace(pub, pub_text, strlen(pub_text), 0644, error))
        return FALSE;
    say_key(cli, has_sec, sec, pub);
    return TRUE;
}

static gboolean
make_rooms_folder(PupCli *cli, GError **error)
{
    g_autofree char *beside = NULL;
    const PupSettings *settings;

    if (cli->dry_run && access(pup_cli_config_path(cli), F_OK) < 0) {
        g_autofree char *folder = g_path_get_dirname(pup_cli_config_path(cli));
        beside = g_build_filename(folder, "rooms", NULL);
        return make_folder(cli, beside, 0755, error);
    }
    settings = pup_cli_settings(cli, error);
    return settings && make_folder(cli, settings->rooms_dir, 0755, error);
}

/* The state folder comes first: where it cannot be, nothing is made. */
static gboolean
make_place(const PupCli *cli, const char *state, GError **error)
{
    return pup_state_check_path(state, error) && make_folder(cli, state, 0755, error) &&
           (cli->dry_run || pup_state_probe(state, error));
}

/* What works today and will be missed later. */
static gboolean
say_troubles(PupCli *cli, GError **error)
{
    g_autoptr(PupCheckup) checkup = NULL;
    PupWorkshop shop;

    if (cli->dry_run)
        return TRUE;
    if (!pup_cli_workshop_to_look(cli, &shop, error))
        return FALSE;
    checkup = pup_checkup_run(&shop, PUP_CHECK_STATE | PUP_CHECK_KEYS, NULL, FALSE);
    fflush(stdout);
    pup_findings_print(stderr, checkup, PUP_FINDING_WARNING);
    return TRUE;
}

static gboolean
run(PupCli *cli, char **argv, GError **error)
{
    g_autofree char *asked = NULL, *state = NULL;
    g_auto(GStrv) args = g_strdupv(argv);
    const GOptionEntry options[] = {
        {"state-dir", 0, 0, G_OPTION_ARG_FILENAME, &asked,
         "State folder of a new configuration (" DEFAULT_STATE ")", "DIR"},
        {NULL}};

    if (!pup_cli_parse(cli, options, &args, error))
        return FALSE;
    state = state_dir_of(cli, asked, error);
    return state && make_place(cli, state, error) && make_config(cli, state, error) &&
           make_rooms_folder(cli, error) && make_folders(cli, state, error) &&
           make_store(cli, state, error) && make_key(cli, state, error) &&
           say_troubles(cli, error);
}

const PupCommand pup_cmd_init = {
    .name = "init",
    .args = "",
    .summary = "Make configuration, state folders and signing key",
    .flags = PUP_CLI_CHANGES,
    .run = run,
};
