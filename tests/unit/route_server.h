/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * route_server - the server's routes, answered from a small folder of the test's own
 *
 *     route_server_make(&server);
 *     route_server_put(&server, "rooms/lab-101.conf", "[room]\n...");
 *     store = pup_store_create() ...         at server.store_uri
 *     route_server_start(&server, "");
 *     raw_http_ask(server.port, ...);
 *     route_server_clear(&server);
 *
 * Fails the running cmocka test when something cannot be done. Needs PUP_TOP_SRCDIR.
 */
#pragma once

#include "server/http/service.h"

typedef struct {
    char *dir;       /* pupitre.conf, rooms/ and state/ */
    char *store_uri; /* of the store, which the test makes */
    PupService *service;
    PupHttpd *httpd;
    unsigned port;
} RouteServer;

/* A new folder; nothing is served yet. */
void route_server_make(RouteServer *server);
/* Write @text to the file @sub of the folder, and make what folders it needs. */
void route_server_put(const RouteServer *server, const char *sub, const char *text);
/* New settings: those of a server on 127.0.0.1 without DHCP, and what @more says. */
PupSettings *route_server_settings(const RouteServer *server, const char *more);
/* Serve with the settings of @more. */
void route_server_start(RouteServer *server, const char *more);
/* Stop, and remove the folder. */
void route_server_clear(RouteServer *server);
