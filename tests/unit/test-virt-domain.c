/* SPDX-License-Identifier: GPL-3.0-or-later */
/* On libvirt's test driver, whose domains are in this process. */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/virt_private.h"

static const char description[] = "<domain type='test'><name>pupitre-x</name>"
                                  "<memory>8192</memory><os><type>hvm</type></os>"
                                  "</domain>";

static void
test_ended_meanwhile(void **state)
{
    virConnectPtr connection = virConnectOpen("test:///default");
    virDomainPtr domain;
    g_autoptr(GError) error = NULL;
    g_auto(PupVirtFacts) facts = {0};

    assert_non_null(connection);
    domain = virDomainCreateXML(connection, description, 0);
    assert_non_null(domain);
    assert_true(pup_virt_read_facts(domain, &facts, &error));
    assert_int_equal(virDomainDestroy(domain), 0);
    virSetErrorFunc(NULL, pup_virt_swallow_error);
    assert_false(pup_virt_read_facts(domain, &facts, &error));
    unit_assert_error(&error, PUP_ERROR_NOT_FOUND,
                      "machine 'pupitre-x': Domain not found");
    virDomainFree(domain);
    virConnectClose(connection);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ended_meanwhile),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
