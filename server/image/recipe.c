/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The groups that recipe.conf may have depend on the steps that are there, so the table
 * that it is read by is made for each folder: a group for a step that is not there is an
 * error with its line, as every unknown word is.
 */
#include "server/image/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/file.h"
#include "lib/ident.h"

#define CONF_MAX_BYTES (64u * 1024u)
#define SITE "site"
#define LIMIT_MAX_S 86400

const PupIniKey pup_recipe_keys[] = {
    {"recipe", "step_timeout", PUP_INI_UINT, "1800", "s", 1, LIMIT_MAX_S, NULL,
     "How long a step may take, unless it says otherwise"},
    {"recipe", "shell", PUP_INI_CHOICE, "sh", NULL, 0, 0, "sh|powershell",
     "What places the files of a step that has no script"},
    {"recipe", "check_timeout", PUP_INI_UINT, "300", "s", 1, LIMIT_MAX_S, NULL,
     "How long a check may take"},
    {"recipe", "boot_timeout", PUP_INI_UINT, "300", "s", 1, LIMIT_MAX_S, NULL,
     "How long the guest may take from power-on until its agent answers; a firmware that "
     "has found nothing to start is not waited for"},
    {"recipe", "boot_test", PUP_INI_CHOICE, "agent", NULL, 0, 0, "agent|screen|none",
     "What is tried before a version is published: that the guest's agent answers and "
     "the "
     "checks pass, that it runs for screen_time, or nothing"},
    {"recipe", "screen_time", PUP_INI_UINT, "60", "s", 1, LIMIT_MAX_S, NULL,
     "With boot_test = screen: how long the guest must run"},
    {NULL},
};

const PupIniKey pup_recipe_step_keys[] = {
    {"step", "timeout", PUP_INI_UINT, NULL, "s", 1, LIMIT_MAX_S, NULL,
     "How long this step may take"},
    {"step", "reboot", PUP_INI_BOOL, "no", NULL, 0, 0, NULL,
     "Restart the guest after its script, and wait for its agent"},
    {NULL},
};

static void
step_free(gpointer data)
{
    PupRecipeStep *step = data;

    g_free(step->label);
    g_free(step->script);
    g_free(step->files);
    g_free(step);
}

void
pup_recipe_free(PupRecipe *recipe)
{
    if (!recipe)
        return;
    g_ptr_array_unref(recipe->steps);
    g_ptr_array_unref(recipe->checks);
    g_free(recipe);
}

/* One folder of a recipe while it is read. */
typedef struct {
    const char *layer; /* "site" or the room */
    char *path;
    GPtrArray *steps, *checks;
} Folder;

static gboolean
refuse(const Folder *folder, const char *file, const char *why, GError **error)
{
    pup_error_set(error, PUP_ERROR_INVALID, "'%s/%s': %s", folder->path, file, why);
    return FALSE;
}

/* The step called @name, made where it is new. */
static PupRecipeStep *
step_of(const Folder *folder, GPtrArray *steps, const char *name)
{
    g_autofree char *label = g_strdup_printf("%s/%s", folder->layer, name);
    PupRecipeStep *step;

    for (unsigned i = 0; i < steps->len; i++) {
        step = g_ptr_array_index(steps, i);
        if (strcmp(step->label, label) == 0)
            return step;
    }
    step = g_new0(PupRecipeStep, 1);
    step->label = g_steal_pointer(&label);
    g_ptr_array_add(steps, step);
    return step;
}

static gboolean
set_script(const Folder *folder, PupRecipeStep *step, const char *file, GError **error)
{
    if (step->script)
        return refuse(folder, file, "there is another script of this name", error);
    step->script = g_build_filename(folder->path, file, NULL);
    step->shell = g_str_has_suffix(file, ".ps1") ? PUP_SHELL_POWERSHELL : PUP_SHELL_SH;
    return TRUE;
}

/* "NN-name": *@order; FALSE where it is another. */
static gboolean
parse_name(const char *name, unsigned *order)
{
    const char *dash = name + strspn(name, "0123456789");

    if (dash == name || dash - name > 6 || *dash != '-' ||
        !pup_ident_check("step", dash + 1, NULL))
        return FALSE;
    *order = (unsigned) g_ascii_strtoull(name, NULL, 10);
    return TRUE;
}

static gboolean
add_step(Folder *folder, const char *file, const char *suffix, GError **error)
{
    g_autofree char *name = g_strndup(file, strlen(file) - strlen(suffix));
    PupRecipeStep *step;
    unsigned order;

    if (!parse_name(name, &order))
        return refuse(folder, file,
                      "is no step: a step is called NN-name with a number, a dash and "
                      "small letters, digits, '-', '.' or '_', such as 10-office.sh",
                      error);
    step = step_of(folder, folder->steps, name);
    step->order = order;
    if (strcmp(suffix, ".files") != 0)
        return set_script(folder, step, file, error);
    step->files = g_build_filename(folder->path, file, NULL);
    return TRUE;
}

/* What is none of a recipe's, such as README or .git, is not looked at; what begins with
 * a number is meant to be one. */
static gboolean
add_file(Folder *folder, const char *file, GError **error)
{
    static const char *const suffixes[] = {".sh", ".ps1", ".files"};

    if (file[0] == '.' || g_str_has_suffix(file, "~"))
        return TRUE;
    if (strcmp(file, "check.sh") == 0 || strcmp(file, "check.ps1") == 0)
        return set_script(folder, step_of(folder, folder->checks, "check"), file, error);
    for (unsigned i = 0; i < G_N_ELEMENTS(suffixes); i++)
        if (g_str_has_suffix(file, suffixes[i]))
            return add_step(folder, file, suffixes[i], error);
    if (!g_ascii_isdigit(file[0]))
        return TRUE;
    return refuse(folder, file, "is no step: a step ends in .sh, .ps1 or .files", error);
}

static int
compare_steps(gconstpointer a, gconstpointer b)
{
    const PupRecipeStep *left = *(PupRecipeStep *const *) a;
    const PupRecipeStep *right = *(PupRecipeStep *const *) b;

    return left->order < right->order ? -1 : left->order > right->order;
}

static gboolean
check_order(const Folder *folder, GError **error)
{
    for (unsigned i = 1; i < folder->steps->len; i++) {
        const PupRecipeStep *before = g_ptr_array_index(folder->steps, i - 1);
        const PupRecipeStep *step = g_ptr_array_index(folder->steps, i);
        if (step->order != before->order)
            continue;
        pup_error_set(error, PUP_ERROR_INVALID,
                      "'%s': the steps %s and %s have the same number: which is first?",
                      folder->path, before->label, step->label);
        return FALSE;
    }
    return TRUE;
}

static gboolean
list_folder(Folder *folder, GError **error)
{
    g_auto(GStrv) files = pup_file_list(folder->path, error);

    if (!files) {
        g_prefix_error(error, "cannot read the recipe: ");
        return FALSE;
    }
    for (char **file = files; *file; file++)
        if (!add_file(folder, *file, error))
            return FALSE;
    g_ptr_array_sort(folder->steps, compare_steps);
    return check_order(folder, error);
}

/* ---- recipe.conf ---------------------------------------------------------------------
 */

static void
add_keys(GArray *table, const PupIniKey *keys, const char *group)
{
    for (; keys->group; keys++) {
        PupIniKey key = *keys;
        key.group = group ? group : key.group;
        g_array_append_val(table, key);
    }
}

/* "step NN-name", kept by @groups. */
static const char *
group_of(GPtrArray *groups, const PupRecipeStep *step)
{
    char *group = g_strdup_printf("step %s", strchr(step->label, '/') + 1);

    g_ptr_array_add(groups, group);
    return group;
}

static void
set_step(const PupIni *ini, const char *group, PupRecipeStep *step)
{
    step->timeout_s = (unsigned) (pup_ini_is_set(ini, group, "timeout")
                                      ? pup_ini_uint(ini, group, "timeout")
                                      : pup_ini_uint(ini, "recipe", "step_timeout"));
    step->reboot = pup_ini_bool(ini, group, "reboot");
    if (!step->script && strcmp(pup_ini_string(ini, "recipe", "shell"), "sh") != 0)
        step->shell = PUP_SHELL_POWERSHELL;
}

static PupBootTest
parse_boot_test(const char *word)
{
    if (strcmp(word, "none") == 0)
        return PUP_BOOT_TEST_NONE;
    return strcmp(word, "screen") == 0 ? PUP_BOOT_TEST_SCREEN : PUP_BOOT_TEST_AGENT;
}

/* What the folder says of the whole recipe; the room's counts before the site's. */
static void
set_recipe(const PupIni *ini, gboolean first, PupRecipe *recipe)
{
    if (first || pup_ini_is_set(ini, "recipe", "boot_test"))
        recipe->boot_test = parse_boot_test(pup_ini_string(ini, "recipe", "boot_test"));
    if (first || pup_ini_is_set(ini, "recipe", "boot_timeout"))
        recipe->boot_timeout_s = (unsigned) pup_ini_uint(ini, "recipe", "boot_timeout");
    if (first || pup_ini_is_set(ini, "recipe", "screen_time"))
        recipe->screen_s = (unsigned) pup_ini_uint(ini, "recipe", "screen_time");
}

static void
apply(const PupIni *ini, const Folder *folder, const GPtrArray *groups, PupRecipe *recipe)
{
    set_recipe(ini, recipe->boot_timeout_s == 0, recipe);
    for (unsigned i = 0; i < folder->steps->len; i++)
        set_step(ini, g_ptr_array_index(groups, i), g_ptr_array_index(folder->steps, i));
    for (unsigned i = 0; i < folder->checks->len; i++) {
        PupRecipeStep *check = g_ptr_array_index(folder->checks, i);
        check->timeout_s = (unsigned) pup_ini_uint(ini, "recipe", "check_timeout");
    }
}

/* A recipe.conf that is not there says nothing. */
static GBytes *
read_conf(const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    GBytes *bytes = pup_file_read(path, CONF_MAX_BYTES, &why);

    if (!bytes && g_error_matches(why, PUP_ERROR, PUP_ERROR_NOT_FOUND))
        return g_bytes_new_static("", 0);
    if (!bytes)
        g_propagate_error(error, g_steal_pointer(&why));
    return bytes;
}

static gboolean
configure(const Folder *folder, PupRecipe *recipe, GError **error)
{
    g_autofree char *path = g_build_filename(folder->path, "recipe.conf", NULL);
    g_autoptr(GBytes) bytes = read_conf(path, error);
    g_autoptr(GArray) table = g_array_new(TRUE, TRUE, sizeof(PupIniKey));
    g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(PupIni) ini = NULL;

    if (!bytes)
        return FALSE;
    add_keys(table, pup_recipe_keys, NULL);
    for (unsigned i = 0; i < folder->steps->len; i++)
        add_keys(table, pup_recipe_step_keys,
                 group_of(groups, g_ptr_array_index(folder->steps, i)));
    ini = pup_ini_parse(path, g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes),
                        (const PupIniKey *) (void *) table->data, error);
    if (!ini)
        return FALSE;
    apply(ini, folder, groups, recipe);
    return TRUE;
}

/* ---- both folders --------------------------------------------------------------------
 */

static void
move_all(GPtrArray *from, GPtrArray *to)
{
    while (from->len > 0)
        g_ptr_array_add(to, g_ptr_array_steal_index(from, 0));
}

static gboolean
add_folder(PupRecipe *recipe, const char *recipes, const char *layer, GError **error)
{
    g_autofree char *path = g_build_filename(recipes, layer, NULL);
    g_autoptr(GPtrArray) steps = g_ptr_array_new_with_free_func(step_free);
    g_autoptr(GPtrArray) checks = g_ptr_array_new_with_free_func(step_free);
    Folder folder = {.layer = layer, .path = path, .steps = steps, .checks = checks};

    if (!list_folder(&folder, error) || !configure(&folder, recipe, error))
        return FALSE;
    move_all(steps, recipe->steps);
    move_all(checks, recipe->checks);
    if (recipe->steps->len <= PUP_RECIPE_STEPS_MAX)
        return TRUE;
    pup_error_set(error, PUP_ERROR_INVALID, "'%s': a recipe has %u steps at most", path,
                  PUP_RECIPE_STEPS_MAX);
    return FALSE;
}

PupRecipe *
pup_recipe_read(const char *recipes, const char *room, GError **error)
{
    g_autoptr(PupRecipe) recipe = g_new0(PupRecipe, 1);

    recipe->steps = g_ptr_array_new_with_free_func(step_free);
    recipe->checks = g_ptr_array_new_with_free_func(step_free);
    if (!add_folder(recipe, recipes, SITE, error))
        return NULL;
    /* A room called "site" has what all rooms share, and no more. */
    if (strcmp(room, SITE) != 0 && !add_folder(recipe, recipes, room, error))
        return NULL;
    return g_steal_pointer(&recipe);
}
