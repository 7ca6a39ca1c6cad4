/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * output - standard output that is written in full, or an error
 *
 * What a program prints is its answer, and half an answer that ends with status 0 is a
 * wrong one: on a full disk, a closed descriptor, a device that refuses. So each main()
 * begins with pup_output_guard("pupitre"); what comes after it prints as it likes, and
 * may leave by exit() at any place, as the option parser does for --help.
 *
 * A pipe whose reader has gone ends the process by SIGPIPE, as it does with other tools;
 * where that is ignored it is an error like the others.
 */
#pragma once

/* The status of a program that could not write its output: PUP_ERROR_IO's. */
#define PUP_OUTPUT_STATUS 9

/* At the process's end flush standard output; where anything of it was not written, say
 * so as @program (static) on standard error and end with PUP_OUTPUT_STATUS. Before that,
 * put descriptors in the place of closed standard ones on which reading or writing fails,
 * so that no file of ours gets their numbers, and with them what is printed. Once, at the
 * start of main(). */
void pup_output_guard(const char *program);
