/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "server/http/peers_json.h"
#include "server/http/seat_json.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(PupSeatHello) hello =
        pup_seat_hello_parse((const char *) data, size, &error);

    fuzz_check(hello != NULL, &error);
    g_autoptr(PupSeatReport) report =
        pup_seat_report_parse((const char *) data, size, &error);
    fuzz_check(report != NULL, &error);
    g_autoptr(PupPeersAsk) ask = pup_peers_ask_parse((const char *) data, size, &error);
    fuzz_check(ask != NULL, &error);
    return 0;
}
