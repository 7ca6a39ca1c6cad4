/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"
#include "lib/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *name;

static void
check_output(void)
{
    int failed_before = ferror(stdout);
    int failed_now = fflush(stdout) != 0 ? errno : 0;

    if (!failed_before && !failed_now)
        return;
    fprintf(stderr, "%s: cannot write all of the output%s%s\n", name,
            failed_now ? ": " : "", failed_now ? strerror(failed_now) : "");
    _exit(PUP_OUTPUT_STATUS);
}

/* open() gives the lowest number, so they are filled in order. */
static void
fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            _exit(PUP_OUTPUT_STATUS);
}

void
pup_output_guard(const char *program)
{
    name = program;
    fill_standard_descriptors();
    atexit(check_output);
}
