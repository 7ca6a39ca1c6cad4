/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * metrics - text in Prometheus' exposition format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/)
 *
 *     pup_metrics_family(text, "pupitre_seats", PUP_GAUGE, "Seats by state.");
 *     pup_metrics_sample(text, "pupitre_seats", 3, "room", room, "state", state, NULL);
 *
 * All samples of a family follow its head. Names are the caller's, and right; label
 * values may be anything and are escaped. Pure.
 */
#pragma once

#include <glib.h>

#define PUP_METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

typedef enum { PUP_COUNTER, PUP_GAUGE } PupMetricType;

/* Begin the family @name; @help is one sentence. */
void pup_metrics_family(GString *text, const char *name, PupMetricType type,
                        const char *help);
/* A sample of @name: then pairs of label and value strings, ended by NULL. */
void pup_metrics_sample(GString *text, const char *name, double value,
                        ...) G_GNUC_NULL_TERMINATED;
