/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The manual pages and the completion know every command, option and key that the tables
 * have.
 */
#include "config.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "lib/room_profile.h"
#include "server/cli/cli.h"
#include "server/image/recipe.h"

static char *
read_page(const char *name)
{
    g_autofree char *path = g_build_filename(g_getenv("PUP_TOP_SRCDIR"), name, NULL);
    char *text = NULL;

    assert_true(g_file_get_contents(path, &text, NULL, NULL));
    return text;
}

/* TRUE when a line of @page is @begin, or @begin and a blank and more. */
static gboolean
has_line(const char *page, const char *begin)
{
    g_auto(GStrv) lines = g_strsplit(page, "\n", -1);
    size_t len = strlen(begin);

    for (unsigned i = 0; lines[i]; i++)
        if (strncmp(lines[i], begin, len) == 0 &&
            (lines[i][len] == '\0' || lines[i][len] == ' '))
            return TRUE;
    print_error("no line '%s'\n", begin);
    return FALSE;
}

static void
each_command_is_in_the_manual(void **state)
{
    g_autofree char *page = read_page("doc/pupitre.1");

    for (unsigned i = 0; pup_commands[i]; i++) {
        g_autofree char *line = g_strconcat(".It Cm ", pup_commands[i]->name, NULL);
        assert_true(has_line(page, line));
    }
}

static void
each_profile_key_is_in_the_manual(void **state)
{
    g_autofree char *page = read_page("doc/pupitre-room.5");

    for (const PupIniKey *key = pup_room_profile_keys; key->group; key++) {
        g_autofree char *group = g_strdup_printf(".Ss [%s]", key->group);
        g_autofree char *line = g_strdup_printf(".It Cm %s", key->key);
        assert_true(has_line(page, group));
        if (strcmp(key->key, "*") != 0)
            assert_true(has_line(page, line));
        if (key->fallback && key->type != PUP_INI_UINT) {
            g_autofree char *fallback = g_strdup_printf("Default: %s.", key->fallback);
            assert_true(has_line(strstr(page, line), fallback));
        }
    }
}

static void
check_recipe_keys(const char *page, const PupIniKey *key, const char *group)
{
    assert_true(has_line(page, group));
    for (; key->group; key++) {
        g_autofree char *line = g_strdup_printf(".It Cm %s", key->key);
        g_autofree char *fallback = g_strdup_printf("Default: %s.", key->fallback);
        assert_true(has_line(page, line));
        if (key->fallback)
            assert_true(has_line(strstr(page, line), fallback));
    }
}

static void
each_recipe_key_is_in_the_manual(void **state)
{
    g_autofree char *page = read_page("doc/pupitre-recipe.5");

    check_recipe_keys(page, pup_recipe_keys, ".Ss [recipe]");
    check_recipe_keys(page, pup_recipe_step_keys, ".Ss [step NN-name]");
}

/* TRUE when the completion's line "BEFORE) echo WORDS" has @word. */
static gboolean
completes(const char *script, const char *before, const char *word)
{
    g_autofree char *begin = g_strdup_printf("\n    %s) echo ", before);
    const char *at = strstr(strstr(script, "_pupitre_words()"), begin);
    g_autofree char *line = at ? g_strndup(at + 1, strcspn(at + 1, ";")) : NULL;
    g_auto(GStrv) words = g_strsplit(line ? line : "", " ", -1);

    return g_strv_contains((const char *const *) words, word);
}

static void
each_command_is_completed(void **state)
{
    g_autofree char *script = read_page("server/cli/completion/pupitre");

    for (unsigned i = 0; pup_commands[i]; i++) {
        g_auto(GStrv) words = g_strsplit(pup_commands[i]->name, " ", 2);
        assert_true(completes(script, "\"\"", words[0]));
        if (words[1])
            assert_true(completes(script, words[0], words[1]));
    }
}

static void
each_command_is_described(void **state)
{
    for (unsigned i = 0; pup_commands[i]; i++) {
        const PupCommand *command = pup_commands[i];
        g_auto(GStrv) words = g_strsplit(command->name, " ", -1);
        assert_in_range(g_strv_length(words), 1, 2);
        assert_true(strlen(command->summary) > 10);
        assert_true(command->max_args >= command->min_args);
        assert_true((command->min_args > 0) == g_str_has_prefix(command->args, "NAME"));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_command_is_in_the_manual),
        cmocka_unit_test(each_profile_key_is_in_the_manual),
        cmocka_unit_test(each_recipe_key_is_in_the_manual),
        cmocka_unit_test(each_command_is_completed),
        cmocka_unit_test(each_command_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
