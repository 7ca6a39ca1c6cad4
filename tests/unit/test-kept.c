/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "server/http/kept.h"

#define N_SLOTS 128

static int n_alive;

static gpointer
make(int number)
{
    n_alive++;
    return g_memdup2(&number, sizeof number);
}

static void
give_back(gpointer value)
{
    n_alive--;
    g_free(value);
}

static void
read_number(gpointer value, gpointer data)
{
    *(int *) data = *(int *) value;
}

static int
number_of(PupKept *kept, const char *key)
{
    int number = -1;
    gboolean found = pup_kept_use(kept, key, read_number, &number);
    assert_int_equal(found, number != -1);
    return number;
}

static void
sweep_all(PupKept *kept, gint64 now_us)
{
    for (unsigned i = 0; i < N_SLOTS; i++)
        pup_kept_sweep(kept, now_us);
}

static void
test_use(void **state)
{
    PupKept *kept = pup_kept_new(N_SLOTS, give_back);
    assert_int_equal(number_of(kept, "a"), -1);
    pup_kept_put(kept, "a", make(1), 0);
    assert_int_equal(number_of(kept, "a"), 1);
    assert_int_equal(number_of(kept, "b"), -1);
    pup_kept_put(kept, "a", make(2), 0);
    assert_int_equal(number_of(kept, "a"), 2);
    assert_int_equal(n_alive, 1);
    pup_kept_free(kept);
    assert_int_equal(n_alive, 0);
}

/* Never more than the slots; each key's value is its own. */
static void
test_bounded(void **state)
{
    PupKept *kept = pup_kept_new(N_SLOTS, give_back);
    for (int i = 0; i < 10 * N_SLOTS; i++) {
        g_autofree char *key = g_strdup_printf("key-%d", i);
        pup_kept_put(kept, key, make(i), 0);
        assert_int_equal(number_of(kept, key), i);
        assert_true(n_alive <= N_SLOTS);
    }
    pup_kept_free(kept);
    assert_int_equal(n_alive, 0);
}

/* Two keys in one slot: the newer one is there, and neither is taken for the other. */
static void
test_one_slot(void **state)
{
    PupKept *kept = pup_kept_new(1, give_back);
    pup_kept_put(kept, "a", make(1), 0);
    assert_int_equal(number_of(kept, "b"), -1);
    pup_kept_put(kept, "b", make(2), 0);
    assert_int_equal(number_of(kept, "a"), -1);
    assert_int_equal(number_of(kept, "b"), 2);
    pup_kept_free(kept);
    assert_int_equal(n_alive, 0);
}

static void
test_sweep(void **state)
{
    PupKept *kept = pup_kept_new(N_SLOTS, give_back);
    pup_kept_put(kept, "old", make(1), 0);
    pup_kept_put(kept, "new", make(2), 1);
    sweep_all(kept, PUP_KEPT_MAX_AGE_US - 1);
    assert_int_equal(n_alive, 2);
    sweep_all(kept, PUP_KEPT_MAX_AGE_US);
    assert_int_equal(number_of(kept, "old"), -1);
    assert_int_equal(number_of(kept, "new"), 2);
    assert_int_equal(n_alive, 1);
    pup_kept_free(kept);
    assert_int_equal(n_alive, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_use),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_one_slot),
        cmocka_unit_test(test_sweep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
