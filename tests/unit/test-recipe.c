/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "server/image/recipe.h"
#include "server/image/recipe_script.h"

static char *root;

static int
set_up(void **state)
{
    root = unit_make_dir();
    return 0;
}

static int
tear_down(void **state)
{
    pup_file_remove_tree(root);
    g_free(root);
    return 0;
}

/* Write the file @path of the recipes, with its folders. */
static void
put(const char *path, const char *text)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(full);

    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
    assert_true(g_file_set_contents(full, text, -1, NULL));
    assert_int_equal(chmod(full, 0644), 0);
}

static void
drop(const char *path)
{
    g_autofree char *full = g_build_filename(root, path, NULL);

    pup_file_remove_tree(full);
    g_unlink(full);
}

static const PupRecipeStep *
step_at(const PupRecipe *recipe, unsigned i)
{
    assert_in_range(i, 0, recipe->steps->len - 1);
    return g_ptr_array_index(recipe->steps, i);
}

static PupRecipe *
read_recipe(void)
{
    GError *error = NULL;
    PupRecipe *recipe = pup_recipe_read(root, "lab", &error);

    unit_assert_no_error(error);
    return recipe;
}

static void
nothing_is_an_empty_recipe(void **state)
{
    g_autoptr(PupRecipe) recipe = read_recipe();

    assert_int_equal(recipe->steps->len, 0);
    assert_int_equal(recipe->checks->len, 0);
    assert_int_equal(recipe->boot_test, PUP_BOOT_TEST_AGENT);
    assert_int_equal(recipe->boot_timeout_s, 300);
}

static void
site_comes_first_and_numbers_count(void **state)
{
    static const char *const labels[] = {"site/2-first", "site/10-second", "lab/1-third",
                                         "lab/020-fourth"};
    g_autoptr(PupRecipe) recipe = NULL;

    put("site/10-second.sh", "");
    put("site/2-first.ps1", "");
    put("lab/020-fourth.files/etc/motd", "");
    put("lab/1-third.sh", "");
    put("lab/1-third.files/etc/issue", "");
    put("lab/check.sh", "");
    put("lab/README", "not looked at");
    put("lab/.git/HEAD", "");
    put("lab/1-third.sh~", "");
    recipe = read_recipe();
    assert_int_equal(recipe->steps->len, G_N_ELEMENTS(labels));
    for (unsigned i = 0; i < G_N_ELEMENTS(labels); i++)
        assert_string_equal(step_at(recipe, i)->label, labels[i]);
    assert_int_equal(step_at(recipe, 0)->shell, PUP_SHELL_POWERSHELL);
    assert_int_equal(step_at(recipe, 1)->shell, PUP_SHELL_SH);
    assert_non_null(step_at(recipe, 2)->files);
    assert_non_null(step_at(recipe, 2)->script);
    assert_null(step_at(recipe, 3)->script);
    assert_int_equal(recipe->checks->len, 1);
}

static void
settings_of_both(void **state)
{
    g_autoptr(PupRecipe) recipe = NULL;

    put("site/10-a.sh", "");
    put("site/recipe.conf",
        "[recipe]\nstep_timeout = 60 s\nboot_test = none\nboot_timeout = 7\n");
    put("lab/10-b.sh", "");
    put("lab/20-c.files/x", "");
    put("lab/check.ps1", "");
    put("lab/recipe.conf",
        "[recipe]\nboot_test = screen\nshell = powershell\ncheck_timeout = 9\n"
        "[step 10-b]\ntimeout = 5\nreboot = yes\n");
    recipe = read_recipe();
    assert_int_equal(step_at(recipe, 0)->timeout_s, 60);
    assert_int_equal(step_at(recipe, 1)->timeout_s, 5);
    assert_true(step_at(recipe, 1)->reboot);
    assert_int_equal(step_at(recipe, 1)->shell, PUP_SHELL_SH);
    assert_int_equal(step_at(recipe, 2)->timeout_s, 1800);
    assert_int_equal(step_at(recipe, 2)->shell, PUP_SHELL_POWERSHELL);
    assert_int_equal(recipe->boot_test, PUP_BOOT_TEST_SCREEN);
    assert_int_equal(recipe->boot_timeout_s, 7);
    assert_int_equal(((PupRecipeStep *) g_ptr_array_index(recipe->checks, 0))->timeout_s,
                     9);
}

static void
what_is_no_recipe_is_refused(void **state)
{
    static const struct {
        const char *path, *text, *words;
    } rows[] = {
        {"lab/office.sh", "", "office.sh': is no step"},
        {"lab/10_office.sh", "", "10_office.sh': is no step"},
        {"lab/10-Office.sh", "", "10-Office.sh': is no step"},
        {"lab/1234567-x.sh", "", "is no step"},
        {"lab/10-office.bat", "", "10-office.bat': is no step"},
        {"lab/10-a.ps1", "", "another script of this name"},
        {"lab/010-b.sh", "", "have the same number"},
        {"lab/check.ps1", "", "another script of this name"},
        {"lab/recipe.conf", "[recipe]\nstep_timeout = 0\n", "recipe.conf:2:"},
        {"lab/recipe.conf", "[recipe]\nsteps = 0\n", "recipe.conf:2:"},
        {"lab/recipe.conf", "\n[step 11-a]\ntimeout = 1\n", "recipe.conf:2:"},
        {"lab/recipe.conf", "[step 10-a]\nboot_test = none\n", "recipe.conf:2:"},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        PupRecipe *recipe;

        put("lab/10-a.sh", "");
        put("lab/check.sh", "");
        put(rows[i].path, rows[i].text);
        recipe = pup_recipe_read(root, "lab", &error);
        assert_null(recipe);
        unit_assert_error(&error, PUP_ERROR_INVALID, rows[i].words);
        drop("lab");
    }
}

static char **
digests(const PupManifest *master)
{
    GError *error = NULL;
    g_autoptr(PupRecipe) recipe = read_recipe();
    char **made = pup_recipe_digests(recipe, master, &error);

    unit_assert_no_error(error);
    assert_int_equal(g_strv_length(made), recipe->steps->len);
    return made;
}

/* How many digests of @a are those of @b, from the first on. */
static unsigned
n_same(char **a, char **b)
{
    unsigned n = 0;

    while (a[n] && b[n] && strcmp(a[n], b[n]) == 0)
        n++;
    for (unsigned i = n; a[i] && b[i]; i++)
        assert_string_not_equal(a[i], b[i]);
    return n;
}

static void
check_change(const PupManifest *master, char **before, unsigned n_kept)
{
    g_auto(GStrv) now = digests(master);

    assert_int_equal(n_same(before, now), n_kept);
}

static void
a_step_counts_for_itself_and_those_after(void **state)
{
    g_autoptr(PupManifest) master = pup_manifest_new(PUP_KIND_MASTER, "win", 1);
    g_autofree char *file = g_build_filename(root, "lab/20-b.files/etc/motd", NULL);
    g_auto(GStrv) before = NULL;

    put("site/10-s.sh", "echo s");
    put("lab/10-a.sh", "echo a");
    put("lab/20-b.files/etc/motd", "hello");
    put("lab/30-c.sh", "echo c");
    before = digests(master);
    assert_int_equal(strlen(before[0]), 64);
    check_change(master, before, 4);

    put("lab/recipe.conf", "[recipe]\nstep_timeout = 5\n");
    put("lab/check.sh", "true");
    assert_int_equal(utimensat(AT_FDCWD, file, NULL, 0), 0);
    check_change(master, before, 4);

    put("lab/20-b.files/etc/motd", "hallo");
    check_change(master, before, 2);
    put("lab/20-b.files/etc/motd", "hello");
    assert_int_equal(chmod(file, 0600), 0);
    check_change(master, before, 2);
    assert_int_equal(chmod(file, 0644), 0);
    check_change(master, before, 4);
    put("lab/20-b.files/etc/issue", "");
    check_change(master, before, 2);
    drop("lab/20-b.files/etc/issue");

    put("lab/30-c.sh", "echo d");
    check_change(master, before, 3);
    put("lab/30-c.sh", "echo c");
    put("lab/recipe.conf", "[step 10-a]\nreboot = yes\n");
    check_change(master, before, 1);
    drop("lab/recipe.conf");
    put("site/10-s.sh", "echo t");
    check_change(master, before, 0);
    put("site/10-s.sh", "echo s");
    check_change(master, before, 4);
    master->version = 2;
    check_change(master, before, 0);
}

static void
where_it_lies_does_not_count(void **state)
{
    g_autoptr(PupManifest) master = pup_manifest_new(PUP_KIND_MASTER, "win", 1);
    g_autofree char *from = g_build_filename(root, "lab", NULL);
    g_autofree char *to = g_build_filename(root, "site", NULL);
    g_auto(GStrv) before = NULL;

    put("lab/10-a.sh", "echo a");
    put("lab/20-b.files/etc/motd", "hello");
    before = digests(master);
    assert_int_equal(g_rename(from, to), 0);
    check_change(master, before, 2);
}

static void
a_pipe_cannot_be_placed(void **state)
{
    g_autoptr(PupManifest) master = pup_manifest_new(PUP_KIND_MASTER, "win", 1);
    g_autofree char *pipe = g_build_filename(root, "lab/20-b.files/etc/pipe", NULL);
    g_autoptr(PupRecipe) recipe = NULL;
    GError *error = NULL;

    put("lab/20-b.files/etc/motd", "hello");
    assert_int_equal(mkfifo(pipe, 0644), 0);
    recipe = read_recipe();
    assert_null(pup_recipe_digests(recipe, master, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "etc/pipe' is neither file");
}

static void
a_script_is_what_its_shell_reads(void **state)
{
    static const struct {
        PupShell shell;
        const char *text, *given; /* NULL: refused */
        gsize len;                /* of @text; 0: its string's */
    } rows[] = {
        {PUP_SHELL_SH, "echo a\n", "echo a\n", 0},
        {PUP_SHELL_SH, "\xef\xbb\xbf#!/bin/sh\r\necho \xc3\xa9\r\n",
         "#!/bin/sh\necho \xc3\xa9\n", 0},
        {PUP_SHELL_SH, "printf 'a\rb'\n", "printf 'a\rb'\n", 0},
        {PUP_SHELL_SH,
         "\xff\xfe"
         "e\0c\0",
         NULL, 6},
        {PUP_SHELL_POWERSHELL, "Write-Host a\r\n", "Write-Host a\r\n", 0},
        {PUP_SHELL_POWERSHELL, "Write-Host \xc3\xa9\n",
         "\xef\xbb\xbfWrite-Host \xc3\xa9\n", 0},
        {PUP_SHELL_POWERSHELL, "\xef\xbb\xbf\xc3\xa9", "\xef\xbb\xbf\xc3\xa9", 0},
        {PUP_SHELL_POWERSHELL, "\xe9 in Latin-1", "\xe9 in Latin-1", 0},
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        gsize len = rows[i].len ? rows[i].len : strlen(rows[i].text);
        g_autoptr(GBytes) text = g_bytes_new_static(rows[i].text, len);
        g_autoptr(GBytes) given = pup_recipe_script("x", text, rows[i].shell, &error);
        if (!rows[i].given) {
            assert_null(given);
            unit_assert_error(&error, PUP_ERROR_INVALID, "x is text in UTF-16");
            continue;
        }
        unit_assert_no_error(error);
        assert_int_equal(g_bytes_get_size(given), strlen(rows[i].given));
        assert_memory_equal(g_bytes_get_data(given, NULL), rows[i].given,
                            strlen(rows[i].given));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_script_is_what_its_shell_reads),
        TEST(nothing_is_an_empty_recipe),
        TEST(site_comes_first_and_numbers_count),
        TEST(settings_of_both),
        TEST(what_is_no_recipe_is_refused),
        TEST(a_step_counts_for_itself_and_those_after),
        TEST(where_it_lies_does_not_count),
        TEST(a_pipe_cannot_be_placed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
