/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is left out where KVM refuses something. */
#include "config.h"

#include "tests/unit/unit.h"

#include "server/image/machine.h"

typedef struct {
    PupVirtKvm works; /* at most that much of KVM */
    PupErrorCode code;
    unsigned n_tries;
} Server;

static PupVirtDomain *
try_on(gpointer data, PupVirtKvm kvm, GError **error)
{
    Server *server = data;

    server->n_tries++;
    if (kvm <= server->works)
        return data;
    pup_error_set(error, server->code, "kernel doesn't allow setting HyperV VP_INDEX");
    return NULL;
}

static void
test_lowered(void **state)
{
    static const struct {
        PupVirtKvm has, works;
        gboolean hyperv;
        unsigned n_tries;
    } rows[] = {
        {PUP_VIRT_KVM_HYPERV, PUP_VIRT_KVM_HYPERV, TRUE, 1},
        {PUP_VIRT_KVM_HYPERV, PUP_VIRT_KVM_PLAIN, TRUE, 2},
        {PUP_VIRT_KVM_HYPERV, PUP_VIRT_KVM_NONE, TRUE, 3},
        {PUP_VIRT_KVM_HYPERV, PUP_VIRT_KVM_NONE, FALSE, 2},
        {PUP_VIRT_KVM_PLAIN, PUP_VIRT_KVM_NONE, TRUE, 2},
        {PUP_VIRT_KVM_NONE, PUP_VIRT_KVM_NONE, TRUE, 1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        Server server = {.works = rows[i].works, .code = PUP_ERROR_IO};
        g_autoptr(GError) refusal = NULL;
        PupVirtKvm kvm = rows[i].has;
        assert_non_null(pup_machine_try(try_on, &server, rows[i].hyperv, &kvm, &refusal));
        assert_int_equal(server.n_tries, rows[i].n_tries);
        assert_int_equal(kvm, rows[i].works);
        assert_int_equal(refusal != NULL, rows[i].n_tries > 1);
    }
}

/* Somebody else's machine of that name is there with and without KVM. */
static void
test_not_lowered(void **state)
{
    Server server = {.works = PUP_VIRT_KVM_NONE, .code = PUP_ERROR_EXISTS};
    GError *refusal = NULL;
    PupVirtKvm kvm = PUP_VIRT_KVM_HYPERV;

    assert_null(pup_machine_try(try_on, &server, TRUE, &kvm, &refusal));
    assert_int_equal(server.n_tries, 1);
    assert_int_equal(kvm, PUP_VIRT_KVM_HYPERV);
    unit_assert_error(&refusal, PUP_ERROR_EXISTS, "VP_INDEX");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lowered),
        cmocka_unit_test(test_not_lowered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
