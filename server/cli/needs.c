/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/needs.h"

#include "lib/error.h"

void
pup_cli_needs_clear(PupCliNeeds *words)
{
    g_clear_pointer(&words->firmware, g_free);
    g_clear_pointer(&words->disk, g_free);
    g_clear_pointer(&words->clock, g_free);
    g_clear_pointer(&words->tpm, g_free);
    g_clear_pointer(&words->hyperv, g_free);
}

gboolean
pup_cli_needs_parse(const PupCliNeeds *words, PupNeedsChange *change, GError **error)
{
    const struct {
        const char *key, *word;
    } given[] = {
        {"firmware", words->firmware}, {"disk", words->disk},     {"clock", words->clock},
        {"tpm", words->tpm},           {"hyperv", words->hyperv},
    };

    *change = (PupNeedsChange){0};
    for (unsigned i = 0; i < G_N_ELEMENTS(given); i++)
        if (given[i].word &&
            !pup_needs_change_set(change, given[i].key, given[i].word, error))
            return FALSE;
    return TRUE;
}

void
pup_cli_say_needs(const PupCli *cli, const char *name, const PupPublishReport *report)
{
    g_autofree char *needs = pup_needs_text(&report->needs);

    if (cli->dry_run)
        return; /* nobody has looked at the disk */
    pup_cli_say(cli, "%s@%u is %s: rooms of it will have %s", name, report->version,
                pup_look_text(&report->look), needs);
    if (report->look.esp && !report->look.uefi &&
        pup_firmware_is_uefi(report->needs.firmware))
        pup_cli_say(cli,
                    "note: its EFI system partition has no EFI/BOOT/BOOTX64.EFI, which "
                    "is what the firmware of a room's PC starts: put its loader there "
                    "(Linux: grub-install --removable) and import it again");
    if (pup_look_refuses(&report->look, report->needs.firmware))
        pup_cli_say(cli, "note: it does not look as if it started under firmware = %s",
                    pup_firmware_name(report->needs.firmware));
}
