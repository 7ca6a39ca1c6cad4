/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "lib/chunk.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const PupName wrong = {{1}};
    g_autoptr(PupChunkCodec) codec = pup_chunk_codec_new(PUP_CHUNK_LEVEL);
    g_autofree guint8 *plain = g_malloc(PUP_CHUNK_BYTES);
    g_autoptr(GError) error = NULL;
    PupName name;

    /* Whatever comes out of it is only the chunk that it is named after. */
    g_assert(!pup_chunk_decode(codec, data, size, &wrong, plain, &error));
    fuzz_check(FALSE, &error);
    if (!pup_chunk_expand(codec, data, size, plain))
        return 0;
    pup_name_of(plain, PUP_CHUNK_BYTES, &name);
    fuzz_check(pup_chunk_decode(codec, data, size, &name, plain, &error), &error);
    return 0;
}
