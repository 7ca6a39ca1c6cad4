/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/boot/dhcp_log.h"

#define P "dnsmasq-dhcp[77]: "
#define MAC "52:54:00:12:34:56"

/* Lines as dnsmasq 2.90 writes them; @at_s is when, @boots says whether one begins. */
typedef struct {
    int at_s;
    const char *line;
    gboolean boots;
    gboolean loaded; /* the PC fetched its script before this line */
} Step;

static void
run(const Step *steps, unsigned n)
{
    g_autoptr(PupDhcpLog) log = pup_dhcp_log_new();
    for (unsigned i = 0; i < n; i++) {
        if (steps[i].loaded)
            pup_dhcp_log_loaded(log, MAC);
        g_autofree char *mac =
            pup_dhcp_log_line(log, steps[i].line, (gint64) steps[i].at_s * 1000);
        if ((mac != NULL) != steps[i].boots)
            fail_msg("step %u, '%s': %s", i, steps[i].line, mac ? mac : "no boot");
        if (mac)
            assert_string_equal(mac, MAC);
    }
}

static void
test_own(void **state)
{
    static const Step steps[] = {
        {0, "dnsmasq[77]: started, version 2.90 DNS disabled"},
        {0, P "DHCP, IP range 10.77.0.100 -- 10.77.0.200, lease time 1h"},
        {0, P "RTR-ADVERT(br0) fd77::"},
        {1, P "3197859178 available DHCP range: 10.77.0.100 -- 10.77.0.200"},
        {1, P "3197859178 vendor class: PXEClient:Arch:00000:UNDI:002001"},
        {1, P "3197859178 DHCPDISCOVER(br0) 52:54:00:12:34:56 "},
        {1, P "3197859178 tags: br0"},
        {1, P "3197859178 DHCPOFFER(br0) 10.77.0.157 52:54:00:12:34:56 ", TRUE},
        {1, P "3197859178 requested options: 1:netmask, 3:router, 6:dns-server"},
        {1, P "3197859178 available DHCP range: 10.77.0.100 -- 10.77.0.200"},
        {1, P "3197859178 vendor class: PXEClient:Arch:00000:UNDI:002001"},
        {1, P "3197859178 DHCPREQUEST(br0) 10.77.0.157 52:54:00:12:34:56 "},
        {1, P "3197859178 DHCPACK(br0) 10.77.0.157 52:54:00:12:34:56 "},
        /* iPXE, loaded by the firmware */
        {4, P "22 vendor class: PXEClient:Arch:00000:UNDI:002001"},
        {4, P "22 user class: iPXE"},
        {4, P "22 DHCPACK(br0) 10.77.0.157 52:54:00:12:34:56 "},
        /* the client image's own DHCP client, and a renewal */
        {30, P "23 vendor class: udhcp 1.35.0", FALSE, TRUE},
        {30, P "23 DHCPACK(br0) 10.77.0.157 52:54:00:12:34:56 pc01"},
        {40, P "24 available DHCP range: 10.77.0.100 -- 10.77.0.200"},
        {40, P "24 DHCPACK(br0) 10.77.0.157 52:54:00:12:34:56 pc01"},
        /* switched off and on */
        {50, P "25 vendor class: PXEClient:Arch:00000:UNDI:002001"},
        {50, P "25 DHCPOFFER(br0) 10.77.0.157 52:54:00:12:34:56 ", TRUE},
    };
    run(steps, G_N_ELEMENTS(steps));
}

static void
test_proxy(void **state)
{
    static const Step steps[] = {
        {1, P "1596982798 available DHCP subnet: 10.77.0.0/255.255.255.0"},
        {1, P "1596982798 vendor class: PXEClient:Arch:00007:UNDI:003000"},
        {1, P "1596982798 PXE(br0) 52:54:00:12:34:56 proxy", TRUE},
        {1, P "1596982798 tags: br0"},
        {5, P "1954263850 vendor class: PXEClient:Arch:00007:UNDI:003000"},
        {5, P "1954263850 PXE(br0) 10.77.0.9 52:54:00:12:34:56 snponly.efi"},
        {5, "dnsmasq-tftp[77]: sent /srv/tftp/snponly.efi to 10.77.0.158"},
        {9, P "136551530 vendor class: PXEClient:Arch:00007:UNDI:003010"},
        {9, P "136551530 user class: iPXE"},
        {9, P "136551530 PXE(br0) 52:54:00:12:34:56 proxy"},
        {60, P "7 vendor class: HTTPClient:Arch:00016:UNDI:003001", FALSE, TRUE},
        {60, P "7 PXE(br0) 52:54:00:12:34:56 proxy", TRUE},
    };
    run(steps, G_N_ELEMENTS(steps));
}

/* A PC that never fetched its script begins anew after a while. */
static void
test_never_loaded(void **state)
{
    static const Step steps[] = {
        {0, P "1 vendor class: PXEClient:Arch:00000:UNDI:002001"},
        {0, P "1 PXE(br0) 52:54:00:12:34:56 proxy", TRUE},
        {119, P "2 vendor class: PXEClient:Arch:00000:UNDI:002001"},
        {119, P "2 PXE(br0) 52:54:00:12:34:56 proxy"},
        {120, P "3 vendor class: PXEClient:Arch:00000:UNDI:002001"},
        {120, P "3 PXE(br0) 52:54:00:12:34:56 proxy", TRUE},
    };
    run(steps, G_N_ELEMENTS(steps));
}

static void
test_nonsense(void **state)
{
    static const Step steps[] = {
        {0, ""},
        {0, "dnsmasq-dhcp"},
        {0, P},
        {0, P "1"},
        {0, P "1 "},
        {0, P "1 DHCPACK(br0) 10.77.0.157 52:54:00:12:34:56 "},
        {0, P "2 vendor class: PXEClient"},
        {0, P "2 DHCPACK(br0"},
        {0, P "2 DHCPACK(br0) "},
        {0, P "2 DHCPACK(br0) 10.77.0.1 not:a:mac:at:all!"},
        {0, P "2 DHCPACK(br0) 10.77.0.1 00:00:00:00:00:00"},
        {0, P "2 DHCPNAK(br0) 10.77.0.1 52:54:00:12:34:56 wrong network"},
        {0, P "3 DHCPACK(br0) 10.77.0.1 52:54:00:12:34:56 "},
        {0, "evil: 2 DHCPACK(br0) 10.77.0.1 52:54:00:12:34:56 "},
        {0, P "2 vendor class: MSFT 5.0"},
        {0, P "2 DHCPACK(br0) 10.77.0.1 52:54:00:12:34:56 "},
    };
    run(steps, G_N_ELEMENTS(steps));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_proxy),
        cmocka_unit_test(test_never_loaded),
        cmocka_unit_test(test_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
