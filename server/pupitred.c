/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pupitred - the daemon: wires settings, store, catalog, HTTP server, dnsmasq and the
 * rooms' schedules
 */
#include "config.h"

#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>
#include "lib/error.h"
#include "lib/output.h"
#include "lib/text.h"
#include "server/boot/dhcp.h"
#include "server/check/state.h"
#include "server/http/service.h"
#include "server/log.h"
#include "server/schedule/scheduler.h"

/* Between two writes of what was counted, and two looks at the schedules. */
#define TICK_S 5
/* What carries out the schedules. */
#define COMMAND_PROGRAM PUP_BINDIR "/pupitre"

typedef struct {
    char *config; /* path, NULL: the default */
    char *data_dir;
    PupService *service;
    PupHttpd *httpd;
    PupDhcp *dhcp;
    PupScheduler *scheduler;
    GMainLoop *loop;
} Daemon;

/* A line of dnsmasq's log: some of them tell that a PC was switched on. */
static void
on_dnsmasq_line(gpointer data, const char *line)
{
    Daemon *daemon = data;
    pup_log(LOG_DEBUG, "dnsmasq", "line", line, NULL);
    g_autofree char *mac =
        pup_dhcp_log_line(daemon->service->dhcp_log, line, pup_service_now_ms());
    if (mac)
        pup_service_stage(daemon->service, mac, PUP_STAGE_DHCP, NULL);
}

static gboolean
apply_dhcp(Daemon *daemon, GError **error)
{
    const PupSettings *settings = pup_service_settings(daemon->service);
    PupBootSite site = {daemon->data_dir, daemon->service->url, 0};
    gboolean ok = pup_dhcp_apply(daemon->dhcp, &site, settings, error);
    pup_service_done(daemon->service);
    return ok;
}

static gboolean
reload(Daemon *daemon, GError **error)
{
    PupSettings *settings = pup_settings_load(daemon->config, error);
    if (!settings)
        return FALSE;
    if (pup_service_reload(daemon->service, settings, error))
        return apply_dhcp(daemon, error);
    pup_settings_free(settings);
    return FALSE;
}

static gboolean
on_hangup(gpointer data)
{
    g_autoptr(GError) error = NULL;
    sd_notify(0, "RELOADING=1");
    if (reload(data, &error))
        pup_log(LOG_INFO, "reloaded", NULL);
    else
        pup_log(LOG_ERR, "reload-failed", "message", error->message, NULL);
    sd_notify(0, "READY=1");
    return G_SOURCE_CONTINUE;
}

static gboolean
on_terminate(gpointer data)
{
    Daemon *daemon = data;
    g_main_loop_quit(daemon->loop);
    return G_SOURCE_CONTINUE;
}

static gboolean
on_tick(gpointer data)
{
    Daemon *daemon = data;
    pup_service_tick(daemon->service);
    pup_service_look_at_profiles(daemon->service);
    pup_scheduler_tick(daemon->scheduler);
    return G_SOURCE_CONTINUE;
}

/* Each connection is a descriptor, and each answer another. */
static void
raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* What will fail later is told now; what is published is served all the same. */
static void
say_state_problems(const char *state_dir)
{
    g_autoptr(GError) error = NULL;
    if (!pup_state_probe(state_dir, &error))
        pup_log(LOG_ERR, "state-problem", "message", error->message, NULL);
}

static gboolean
start(Daemon *daemon, GError **error)
{
    PupSettings *settings = pup_settings_load(daemon->config, error);
    if (!settings)
        return FALSE;
    PupHttpdOptions options = {NULL, settings->port, settings->threads, NULL};
    daemon->service = pup_service_new(settings, daemon->data_dir, error);
    if (!daemon->service) {
        pup_settings_free(settings);
        return FALSE;
    }
    say_state_problems(settings->state_dir);
    pup_service_tick(daemon->service);
    pup_service_look_at_profiles(daemon->service);
    options.traffic = daemon->service->traffic;
    daemon->httpd = pup_httpd_new(&options, pup_routes, daemon->service, error);
    if (!daemon->httpd)
        return FALSE;
    daemon->dhcp = pup_dhcp_new(on_dnsmasq_line, daemon);
    if (!apply_dhcp(daemon, error))
        return FALSE;
    PupSchedulerOptions schedules = {daemon->service->catalog, COMMAND_PROGRAM,
                                     daemon->config, pup_service_now_ms};
    daemon->scheduler = pup_scheduler_new(&schedules);
    return TRUE;
}

/* What takes longest first; then PCs: no new one is invited while running answers end. */
static void
stop(Daemon *daemon)
{
    pup_scheduler_free(daemon->scheduler);
    pup_dhcp_free(daemon->dhcp);
    pup_httpd_free(daemon->httpd);
    if (daemon->service)
        pup_service_tick(daemon->service);
    pup_service_free(daemon->service);
    g_free(daemon->config);
    g_free(daemon->data_dir);
}

static int
run(Daemon *daemon)
{
    g_autoptr(GError) error = NULL;
    if (!start(daemon, &error)) {
        pup_log(LOG_ERR, "start-failed", "message", error->message, NULL);
        return pup_error_exit_status(error);
    }
    daemon->loop = g_main_loop_new(NULL, FALSE);
    g_timeout_add_seconds(TICK_S, on_tick, daemon);
    g_unix_signal_add(SIGHUP, on_hangup, daemon);
    g_unix_signal_add(SIGTERM, on_terminate, daemon);
    g_unix_signal_add(SIGINT, on_terminate, daemon);
    pup_log(LOG_INFO, "started", "url", daemon->service->url, NULL);
    sd_notify(0, "READY=1");
    g_main_loop_run(daemon->loop);
    sd_notify(0, "STOPPING=1");
    pup_log(LOG_INFO, "stopping", NULL);
    g_main_loop_unref(daemon->loop);
    return 0;
}

static gboolean
parse_options(Daemon *daemon, int *argc, char ***argv)
{
    gboolean foreground = TRUE, version = FALSE, verbose = FALSE;
    g_autoptr(GError) error = NULL;
    const GOptionEntry entries[] = {
        {"config", 'c', 0, G_OPTION_ARG_FILENAME, &daemon->config,
         "Configuration file (default " PUP_SYSCONFDIR "/pupitre/pupitre.conf)", "FILE"},
        {"foreground", 'f', 0, G_OPTION_ARG_NONE, &foreground,
         "Stay in the foreground, as it always does", NULL},
        {"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
         "Log what dnsmasq and the HTTP library say, too", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, "Print the version", NULL},
        {NULL}};
    g_autoptr(GOptionContext) context = g_option_context_new("- the server of Pupitre");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse(context, argc, argv, &error) || *argc > 1) {
        g_autofree char *why =
            pup_text_escape(error ? error->message : "too many arguments");
        fprintf(stderr, "pupitred: %s\n", why);
        exit(2);
    }
    if (verbose)
        pup_log_set_level(LOG_DEBUG);
    if (version)
        puts("pupitred " PACKAGE_VERSION);
    return !version;
}

int
main(int argc, char **argv)
{
    Daemon daemon = {0};
    pup_output_guard("pupitred");
    signal(SIGPIPE, SIG_IGN);
    if (!parse_options(&daemon, &argc, &argv))
        return 0;
    const char *data_dir = g_getenv("PUPITRE_DATADIR");
    daemon.data_dir = g_strdup(data_dir ? data_dir : PUP_PKGDATADIR);
    raise_file_limit();
    int status = run(&daemon);
    stop(&daemon);
    return status;
}
