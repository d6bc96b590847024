#include "core/record_format.h"

#include <xxhash.h>

uint64_t record_hash(const void *data, size_t len)
{
    return XXH64(data, len, 0);
}

bool record_is_magic(struct str bytes)
{
    return str_starts(bytes, str_from(RECORD_MAGIC, RECORD_MAGIC_LEN));
}

void section_encode(uint8_t out[SECTION_HEADER], const struct record_options *o)
{
    memset(out, 0, SECTION_HEADER);
    memcpy(out, RECORD_MAGIC, RECORD_MAGIC_LEN);
    out[9] = RECORD_MAJOR;
    out[10] = RECORD_MINOR;
    out[11] = (uint8_t)o->kind;
    memcpy(out + 16, o->sync, RECORD_SYNC_LEN);
    memcpy(out + 32, o->capture_id, sizeof o->capture_id);
    put_u64(out + 48, (uint64_t)o->created_ns);
    put_u64(out + 56, record_hash(out, 56));
}

bool section_decode(const uint8_t in[SECTION_HEADER], struct record_options *o, int *major,
                    int *minor)
{
    if (memcmp(in, RECORD_MAGIC, RECORD_MAGIC_LEN) != 0)
        return false;
    *major = in[9];
    *minor = in[10];
    if (get_u64(in + 56) != record_hash(in, 56))
        return false;
    *o = (struct record_options){.kind = (enum record_kind)in[11],
                                 .created_ns = (int64_t)get_u64(in + 48)};
    memcpy(o->sync, in + 16, RECORD_SYNC_LEN);
    memcpy(o->capture_id, in + 32, sizeof o->capture_id);
    return true;
}

void block_encode(uint8_t out[BLOCK_HEADER], const struct block_header *b,
                  const uint8_t sync[RECORD_SYNC_LEN])
{
    memset(out, 0, BLOCK_HEADER);
    memcpy(out, sync, RECORD_SYNC_LEN);
    out[16] = b->type;
    out[17] = b->codec;
    put_u32(out + 20, b->stored);
    put_u32(out + 24, b->raw);
    put_u32(out + 28, b->records);
    put_u64(out + 32, b->first_ordinal);
    put_u64(out + 40, (uint64_t)b->first_ns);
    put_u64(out + 48, (uint64_t)b->last_ns);
    put_u64(out + 56, b->payload_hash);
    put_u64(out + 64, record_hash(out, 64));
}

bool block_decode(const uint8_t in[BLOCK_HEADER], struct block_header *b,
                  const uint8_t sync[RECORD_SYNC_LEN])
{
    if (memcmp(in, sync, RECORD_SYNC_LEN) != 0 || get_u64(in + 64) != record_hash(in, 64))
        return false;
    *b = (struct block_header){
        .type = in[16],
        .codec = in[17],
        .stored = get_u32(in + 20),
        .raw = get_u32(in + 24),
        .records = get_u32(in + 28),
        .first_ordinal = get_u64(in + 32),
        .first_ns = (int64_t)get_u64(in + 40),
        .last_ns = (int64_t)get_u64(in + 48),
        .payload_hash = get_u64(in + 56),
    };
    return true;
}
