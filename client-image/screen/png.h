/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * png - write a canvas as a PNG picture, for tests and documents
 *
 * GIO's zlib does the packing, so no picture library is needed on the client image. Pure.
 */
#pragma once

#include "client-image/screen/canvas.h"

/* The PNG (8 bits RGB) of @canvas. */
GBytes *pup_png_encode(const PupCanvas *canvas);
