/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "tests/unit/unit.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "lib/file.h"

/* How many names a folder gives before its disk fails; -1: all. */
static int readdir_names = -1;

/* In the place of the C library's. */
struct dirent *
readdir(DIR *dir)
{
    static struct dirent *(*real)(DIR *);

    if (!real)
        *(void **) &real = dlsym(RTLD_NEXT, "readdir");
    if (readdir_names == 0) {
        errno = EIO;
        return NULL;
    }
    readdir_names -= readdir_names > 0;
    return real(dir);
}

static int
setup(void **state)
{
    *state = unit_make_dir();
    return 0;
}

static int
teardown(void **state)
{
    unit_remove_dir(*state);
    return 0;
}

static unsigned
count_files(const char *dir)
{
    g_autoptr(GDir) open = g_dir_open(dir, 0, NULL);
    unsigned n = 0;
    while (g_dir_read_name(open))
        n++;
    return n;
}

static void
test_read(void **state)
{
    static const size_t sizes[] = {0, 1, 4096, 4097, 100000};
    g_autofree char *path = g_build_filename(*state, "f", NULL);
    g_autofree char *data = g_malloc(100000);
    for (size_t i = 0; i < 100000; i++)
        data[i] = (char) (i * 7);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        GError *error = NULL;
        assert_true(g_file_set_contents(path, data, (gssize) sizes[i], NULL));
        g_autoptr(GBytes) bytes = pup_file_read(path, sizes[i], &error);
        unit_assert_no_error(error);
        assert_int_equal(g_bytes_get_size(bytes), sizes[i]);
        if (sizes[i] == 0)
            continue;
        assert_memory_equal(g_bytes_get_data(bytes, NULL), data, sizes[i]);
        assert_null(pup_file_read(path, sizes[i] - 1, &error));
        unit_assert_error(&error, PUP_ERROR_INVALID, path);
    }
}

static void
test_read_without_size(void **state)
{
    GError *error = NULL;
    g_autoptr(GBytes) bytes = pup_file_read("/proc/self/maps", 1 << 20, &error);
    unit_assert_no_error(error);
    assert_true(g_bytes_get_size(bytes) > 100);
    assert_null(pup_file_read("/dev/zero", 10000, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "/dev/zero");
}

static void
test_read_errors(void **state)
{
    GError *error = NULL;
    g_autofree char *path = g_build_filename(*state, "none", NULL);
    assert_null(pup_file_read(path, 10, &error));
    unit_assert_error(&error, PUP_ERROR_NOT_FOUND, path);
    assert_null(pup_file_read(*state, 1 << 20, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, *state);
}

/* What a folder may hold besides files; nobody writes to the pipe. */
static void
test_no_file(void **state)
{
    GError *error = NULL;
    g_autofree char *pipe = g_build_filename(*state, "pipe", NULL);
    g_autofree char *socket_path = g_build_filename(*state, "socket", NULL);
    g_autofree char *loop = g_build_filename(*state, "loop", NULL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    g_strlcpy(address.sun_path, socket_path, sizeof address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *) &address, sizeof address), 0);
    assert_int_equal(mkfifo(pipe, 0600), 0);
    assert_int_equal(symlink("loop", loop), 0);
    assert_null(pup_file_read(pipe, 10, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "a pipe");
    assert_null(pup_file_read(socket_path, 10, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "a socket");
    assert_null(pup_file_read("/dev/null", 10, &error));
    unit_assert_error(&error, PUP_ERROR_INVALID, "a device");
    assert_null(pup_file_read(loop, 10, &error));
    unit_assert_error(&error, PUP_ERROR_IO, loop);
    close(fd);
    unlink(pipe);
    unlink(socket_path);
    unlink(loop);
}

static void
test_pread(void **state)
{
    GError *error = NULL;
    char buf[4] = "....";
    g_autofree char *path = g_build_filename(*state, "f", NULL);
    assert_true(g_file_set_contents(path, "abcdef", 6, NULL));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(pup_file_pread(fd, buf, 4, 2, "f", &error));
    assert_memory_equal(buf, "cdef", 4);
    assert_false(pup_file_pread(fd, buf, 4, 3, "the pack", &error));
    unit_assert_error(&error, PUP_ERROR_CORRUPT, "the pack");
    close(fd);
    assert_false(pup_file_pread(-1, buf, 4, 0, "the pack", &error));
    unit_assert_error(&error, PUP_ERROR_IO, "the pack");
}

static void
test_replace(void **state)
{
    GError *error = NULL;
    struct stat st;
    g_autofree char *path = g_build_filename(*state, "f", NULL);
    assert_true(pup_file_replace(path, "one", 3, 0640, &error));
    assert_true(pup_file_replace(path, "second", 6, 0600, &error));
    g_autoptr(GBytes) bytes = pup_file_read(path, 100, &error);
    assert_int_equal(g_bytes_get_size(bytes), 6);
    assert_memory_equal(g_bytes_get_data(bytes, NULL), "second", 6);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(count_files(*state), 1);
}

static void
test_replace_fails(void **state)
{
    GError *error = NULL;
    g_autofree char *no_dir = g_build_filename(*state, "none", "f", NULL);
    assert_false(pup_file_replace(no_dir, "x", 1, 0644, &error));
    unit_assert_error(&error, PUP_ERROR_NOT_FOUND, no_dir);

    /* A folder is in the way of the rename: nothing stays behind. */
    g_autofree char *dir = g_build_filename(*state, "dir", NULL);
    assert_int_equal(g_mkdir(dir, 0755), 0);
    assert_false(pup_file_replace(dir, "x", 1, 0644, &error));
    unit_assert_error(&error, PUP_ERROR_IO, dir);
    assert_int_equal(count_files(*state), 1);
    g_rmdir(dir);
}

static void
test_write_no_space(void **state)
{
    GError *error = NULL;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        skip();
    assert_false(pup_file_write(fd, "x", 1, "the pack", &error));
    unit_assert_error(&error, PUP_ERROR_NO_SPACE, "the pack");
    close(fd);
}

static void
test_make_dir(void **state)
{
    GError *error = NULL;
    g_autofree char *first = g_build_filename(*state, "a", NULL);
    g_autofree char *deep = g_build_filename(first, "b", NULL);
    assert_true(pup_file_make_dir(deep, &error));
    assert_true(pup_file_make_dir(deep, &error));
    assert_true(pup_file_sync_dir(deep, &error));
    assert_true(g_file_test(deep, G_FILE_TEST_IS_DIR));
    g_autofree char *file = g_build_filename(deep, "f", NULL);
    assert_true(g_file_set_contents(file, "", 0, NULL));
    assert_false(pup_file_make_dir(file, &error));
    unit_assert_error(&error, PUP_ERROR_IO, file);
    assert_false(pup_file_sync_dir(file, &error));
    unit_assert_error(&error, PUP_ERROR_IO, file);
    g_remove(file);
    g_rmdir(deep);
    g_rmdir(first);
}

/* What a link leads to is somebody else's, even where the tree itself is one. */
static void
test_remove_tree(void **state)
{
    g_autofree char *kept = g_build_filename(*state, "kept", NULL);
    g_autofree char *file = g_build_filename(kept, "f", NULL);
    g_autofree char *tree = g_build_filename(*state, "tree", NULL);
    g_autofree char *inner = g_build_filename(tree, "inner", NULL);
    g_autofree char *link = g_build_filename(inner, "link", NULL);

    assert_true(pup_file_make_dir(kept, NULL) && pup_file_make_dir(inner, NULL));
    assert_true(g_file_set_contents(file, "", 0, NULL));
    assert_return_code(symlink(kept, link), errno);
    pup_file_remove_tree(tree);
    assert_false(g_file_test(tree, G_FILE_TEST_EXISTS));
    assert_return_code(symlink(kept, tree), errno);
    pup_file_remove_tree(tree);
    assert_false(g_file_test(tree, G_FILE_TEST_IS_SYMLINK));
    assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
    pup_file_remove_tree(kept);
    pup_file_remove_tree(kept);
    assert_int_equal(count_files(*state), 0);
}

static void
test_list(void **state)
{
    static const char *const names[] = {"b", "a", "a b", "\303\251", ".hidden"};
    g_autofree char *nowhere = g_build_filename(*state, "nowhere", NULL);
    g_auto(GStrv) none = NULL, all = NULL;
    g_autofree char *joined = NULL, *file = g_build_filename(*state, "b", NULL);
    GError *error = NULL;

    none = pup_file_list(nowhere, &error);
    unit_assert_no_error(error);
    assert_non_null(none);
    assert_null(none[0]);
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(*state, names[i], NULL);
        assert_true(g_file_set_contents(path, "", 0, NULL));
    }
    all = pup_file_list(*state, &error);
    unit_assert_no_error(error);
    joined = g_strjoinv("|", all);
    assert_string_equal(joined, ".hidden|a|a b|b|\303\251");
    assert_null(pup_file_list(file, &error));
    unit_assert_error(&error, PUP_ERROR_IO, "b': Not a directory");
}

static void
test_list_in_part(void **state)
{
    g_autofree char *file = g_build_filename(*state, "a", NULL);
    GError *error = NULL;

    assert_true(g_file_set_contents(file, "", 0, NULL));
    for (int n = 0; n <= 3; n++) {
        char **names;
        readdir_names = n;
        names = pup_file_list(*state, &error);
        readdir_names = -1;
        assert_null(names);
        unit_assert_error(&error, PUP_ERROR_IO, "cannot list the folder");
    }
}

#define WITH_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(test_read),          WITH_DIR(test_read_without_size),
        WITH_DIR(test_no_file),       WITH_DIR(test_read_errors),
        WITH_DIR(test_pread),         WITH_DIR(test_replace),
        WITH_DIR(test_replace_fails), WITH_DIR(test_write_no_space),
        WITH_DIR(test_make_dir),      WITH_DIR(test_remove_tree),
        WITH_DIR(test_list),          WITH_DIR(test_list_in_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
