/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/image/machine_xml.h"

#include "lib/domain_template.h"

/* What is there or not; the text must be set for the section that is off, too. */
static void
set_optional(PupVars *vars, const char *flag, const char *key, const char *text)
{
    pup_vars_flag(vars, flag, text != NULL);
    pup_vars_set(vars, key, text ? text : "");
}

static void
set_clock(PupVars *vars, const PupMachine *machine)
{
    gboolean local = machine->local_time;

    set_optional(vars, "zone", "timezone", local ? machine->timezone : NULL);
    pup_vars_flag(vars, "localtime", local && !machine->timezone);
    pup_vars_flag(vars, "utc", !local);
}

static void
set_files(PupVars *vars, const PupMachine *machine)
{
    pup_vars_set(vars, "disk", machine->disk);
    pup_vars_flag(vars, "durable", machine->durable);
    set_optional(vars, "serial", "serial_log", machine->serial_log);
    set_optional(vars, "install", "iso", machine->iso);
    set_optional(vars, "drivers", "drivers_iso", machine->drivers_iso);
    set_optional(vars, "answers", "answers_iso", machine->answers_iso);
}

char *
pup_machine_xml(const char *path, const PupMachine *machine, GError **error)
{
    g_autoptr(PupVars) vars = pup_vars_new();

    pup_vars_set(vars, "name", machine->name);
    pup_vars_set(vars, "title", machine->title);
    pup_vars_setf(vars, "memory_mib", "%u", machine->memory_mib);
    pup_vars_setf(vars, "cpus", "%u", machine->cpus);
    pup_vars_set(vars, "emulator", machine->emulator);
    pup_vars_flag(vars, "kvm", machine->kvm);
    pup_vars_flag(vars, "hyperv",
                  machine->kvm && machine->hyperv && machine->guest->hyperv);
    pup_guest_set_vars(machine->guest, vars);
    pup_vars_set(vars, "nvram", machine->nvram);
    pup_vars_flag(vars, "watched", machine->watched);
    set_clock(vars, machine);
    set_files(vars, machine);
    return pup_template_render_file(path, PUP_ESCAPE_XML, vars, error);
}
