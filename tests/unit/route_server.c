/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "tests/unit/route_server.h"

#include "tests/unit/unit.h"

#include "server/log.h"
#include "server/store/dir.h"

void
route_server_make(RouteServer *server)
{
    server->dir = unit_make_dir();
    server->store_uri = g_strdup_printf("dir:%s/state/store", server->dir);
}

void
route_server_put(const RouteServer *server, const char *sub, const char *text)
{
    g_autofree char *path = g_build_filename(server->dir, sub, NULL);
    g_autofree char *dir = g_path_get_dirname(path);
    assert_int_equal(g_mkdir_with_parents(dir, 0755), 0);
    assert_true(g_file_set_contents(path, text, -1, NULL));
}

PupSettings *
route_server_settings(const RouteServer *server, const char *more)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = g_build_filename(server->dir, "pupitre.conf", NULL);
    g_autofree char *text = g_strdup_printf(
        "[server]\nstate_dir = %s/state\naddress = 127.0.0.1\n[dhcp]\nmode = off\n%s",
        server->dir, more);
    route_server_put(server, "pupitre.conf", text);
    PupSettings *settings = pup_settings_load(path, &error);
    unit_assert_no_error(error);
    return settings;
}

void
route_server_start(RouteServer *server, const char *more)
{
    g_autoptr(GError) error = NULL;
    const char *data_dir = g_getenv("PUP_TOP_SRCDIR");
    if (!data_dir)
        fail_msg("PUP_TOP_SRCDIR is not set");
    pup_log_set_level(LOG_CRIT);
    server->service =
        pup_service_new(route_server_settings(server, more), data_dir, &error);
    unit_assert_no_error(error);
    PupHttpdOptions options = {"127.0.0.1", 0, 2, server->service->traffic};
    server->httpd = pup_httpd_new(&options, pup_routes, server->service, &error);
    unit_assert_no_error(error);
    server->port = pup_httpd_port(server->httpd);
}

void
route_server_clear(RouteServer *server)
{
    pup_httpd_free(server->httpd);
    pup_service_free(server->service);
    assert_true(pup_dir_remove_tree(server->dir, NULL));
    g_free(server->store_uri);
    g_free(server->dir);
}
