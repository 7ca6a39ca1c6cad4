/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "server/cli/commands.h"

/* One line a command, which clang-format would not leave. */
/* clang-format off */
const PupCommand *const pup_commands[] = {
    &pup_cmd_init,
    &pup_cmd_master_create,
    &pup_cmd_master_import,
    &pup_cmd_master_update,
    &pup_cmd_master_list,
    &pup_cmd_master_show,
    &pup_cmd_master_set,
    &pup_cmd_master_compact,
    &pup_cmd_master_remove,
    &pup_cmd_room_add,
    &pup_cmd_room_list,
    &pup_cmd_room_show,
    &pup_cmd_room_edit,
    &pup_cmd_room_check,
    &pup_cmd_room_edit_disk,
    &pup_cmd_room_rename,
    &pup_cmd_room_remove,
    &pup_cmd_room_rebase,
    &pup_cmd_room_publish,
    &pup_cmd_room_regenerate,
    &pup_cmd_room_history,
    &pup_cmd_room_promote,
    &pup_cmd_room_rollback,
    &pup_cmd_room_pin,
    &pup_cmd_room_unpin,
    &pup_cmd_room_compact,
    &pup_cmd_room_warm,
    &pup_cmd_seat_list,
    &pup_cmd_image_build,
    &pup_cmd_image_usage,
    &pup_cmd_serve,
    &pup_cmd_status,
    &pup_cmd_fsck,
    &pup_cmd_gc,
    NULL,
};
/* clang-format on */
