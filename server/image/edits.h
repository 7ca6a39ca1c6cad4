/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * edits - which sub-masters are being edited by hand
 *
 * An edit (edit.h) is the overlay images/rooms/.ROOM.edit.qcow2 over the sub-master, from
 * its beginning to its end, whether its virtual machine runs or not. It is kept by
 * renaming the overlay to .ROOM.keep.qcow2, and then writing what it holds into the
 * sub-master: from the rename on there is no way back, and whoever comes next can finish.
 * The folder run/edit-ROOM has the machine's files and a note of who began when.
 *
 * Nobody holds a lock for the days that an edit may take: who works on a room takes its
 * lock by pup_edits_lock_room().
 */
#pragma once

#include "server/image/image.h"
#include "server/image/lock.h"

typedef struct {
    gint64 since_s; /* Unix time */
    char *user;     /* who began it, "" when unknown */
    char *spice;    /* where its machine was to be watched, "" when unknown */
    gboolean kept;  /* its overlay is being written into the sub-master, or was when that
                       was interrupted */
} PupEdit;

void pup_edit_clear(PupEdit *edit);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PupEdit, pup_edit_clear)

/* TRUE with *@edit when @room is being edited. */
gboolean pup_edits_find(const PupWorkshop *shop, const char *room, PupEdit *edit);

/* When and by whom, for a sentence: "2026-11-21 14:05 by anna"; new string. */
char *pup_edit_describe(const PupEdit *edit);

/* Set @error to BUSY: @room is being edited, since when and where, and how to end that.
 */
void pup_edits_set_busy(GError **error, const char *room, const PupEdit *edit);

/* Take the lock of @room, which must not be edited. Errors: BUSY (it is, and how to end
 * that; or those of pup_lock_take()). */
PupLock *pup_edits_lock_room(const PupWorkshop *shop, const char *room, GError **error);

/* The files of @room's edit; new strings. */
char *pup_edits_overlay(const PupWorkshop *shop, const char *room);
char *pup_edits_kept_overlay(const PupWorkshop *shop, const char *room);
char *pup_edits_folder(const PupWorkshop *shop, const char *room);

/* Write the note of @room's edit, whose folder is there. Errors: those of
 * pup_file_replace(). */
gboolean pup_edits_note(const PupWorkshop *shop, const char *room, const PupEdit *edit,
                        GError **error);
