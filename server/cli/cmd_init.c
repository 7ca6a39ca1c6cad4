/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"
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
        {"", 0755},
        {"images", 0755},
        {"images/masters", 0755},
        {"images/rooms", 0755},
        {"client-image", 0755},
        {"keys", 0755},
        {"tftp", 0755},
        {"run", 0755},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
        g_autofree char *path = folders[i].sub[0]
                                    ? g_build_filename(state, folders[i].sub, NULL)
                                    : g_strdup(state);
        if (!make_folder(cli, path, folders[i].mode, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
make_store(const PupCli *cli, const char *state, GError **error)
{
    g_autofree char *path = g_build_filename(state, "store", NULL);
    g_autofree char *uri = g_strconcat("dir:", path, NULL);

    if (is_there(cli, path))
        return TRUE;
    if (!cli->dry_run && !pup_store_create(uri, error))
        return FALSE;
    pup_cli_did(cli, "make", "made", "the store %s", path);
    return TRUE;
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

    if (is_there(cli, sec) && is_there(cli, pub))
        return TRUE;
    if (cli->dry_run) {
        pup_cli_say(cli, "make the signing key %s", sec);
        return TRUE;
    }
    if (access(sec, F_OK) == 0) {
        g_autoptr(GBytes) text = pup_file_read(sec, PUP_SIGNATURE_TEXT_MAX, error);
        if (text)
            key = pup_secret_key_parse(g_bytes_get_data(text, NULL),
                                       g_bytes_get_size(text), error);
    } else {
        key = pup_secret_key_generate(error);
    }
    if (!key)
        return FALSE;
    public = pup_secret_key_public(key);
    sec_text = pup_secret_key_format(key);
    pub_text = pup_public_key_format(public);
    if (!pup_file_replace(sec, sec_text, strlen(sec_text), 0600, error) ||
        !pup_file_replace(pub, pub_text, strlen(pub_text), 0644, error))
        return FALSE;
    pup_cli_say(cli, "made the signing key %s", sec);
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
    return state && make_config(cli, state, error) && make_rooms_folder(cli, error) &&
           make_folders(cli, state, error) && make_store(cli, state, error) &&
           make_key(cli, state, error);
}

const PupCommand pup_cmd_init = {
    .name = "init",
    .args = "",
    .summary = "Make configuration, state folders and signing key",
    .flags = PUP_CLI_CHANGES,
    .run = run,
};
