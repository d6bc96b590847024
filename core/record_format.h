/* record_format.h -- the bytes of the container, for its writer and reader only.
 *
 * docs/record-format.md describes them for everybody else; keep it true.
 */
#ifndef MIRRORCTL_CORE_RECORD_FORMAT_H
#define MIRRORCTL_CORE_RECORD_FORMAT_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/record.h"

enum {
    RECORD_MAJOR = 1,
    RECORD_MINOR = 0,
    RECORD_MAGIC_LEN = 9,
    RECORD_SYNC_LEN = 16,
    SECTION_HEADER = 64,
    BLOCK_HEADER = 72,
    BLOCK_TARGET = 256 * 1024, /* a block is written out once it holds this much */
};

/* Ceiling of a block: four bodies of the largest --max-body and their heads. */
#define BLOCK_MAX ((uint32_t)1 << 30)

#define RECORD_MAGIC "\x89MREC\r\n\x1a\n"

/* Types of blocks: readers skip those they do not know. */
enum block_type { BLOCK_RECORDS = 1 };

/* Types of records. A REQUEST is followed by as many RESPONSE records as its
 * ANSWERS field says; a PAIR by the REQUEST it is about and by as many RESPONSE
 * records more as its CALLS field says. Such a group never leaves its block. */
enum record_type {
    TYPE_META = 1,
    TYPE_REQUEST = 2,
    TYPE_RESPONSE = 3,
    TYPE_PAIR = 4,
    TYPE_STATS = 6,
};

/* Fields: absent ones are zero or empty. Numbers are little-endian. */
enum field_tag {
    FIELD_TEXT = 1,       /* META, STATS: JSON */
    FIELD_ORDINAL = 2,    /* u64 */
    FIELD_CONNECTION = 3, /* u64 */
    FIELD_INDEX = 4,      /* u32 */
    FIELD_CLIENT = 5,     /* u8 family, 16 bytes address, u16 port */
    FIELD_SERVER = 6,
    FIELD_TIMES = 7, /* i64 first byte, i64 last byte */
    FIELD_HEAD = 8,
    FIELD_BODY = 9,
    FIELD_TRAILERS = 10,
    FIELD_STATE = 11, /* u32 enum http_flag, u8 complete, u8 chunked */
    FIELD_SIZES = 12, /* u64 body_size, u64 body_hash, u64 gap_bytes; absent: as the body */
    FIELD_INFORMATIONAL = 13,
    FIELD_TUNNEL = 14, /* u64 bytes */
    FIELD_REDACTED = 15,
    FIELD_ANSWERS = 16, /* u32 */
    FIELD_CALLS = 17,   /* u32 */
    FIELD_CALL = 18,    /* u8 target, u8 order, u8 enum call_flag, u8 enum outcome */
    FIELD_DETAIL = 19,
    FIELD_CALL_TIMES = 20, /* i64 due, sent, first byte, done */
};

static inline void put_u16(uint8_t *p, uint16_t v)
{
    v = htole16(v);
    memcpy(p, &v, sizeof v);
}

static inline void put_u32(uint8_t *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, sizeof v);
}

static inline void put_u64(uint8_t *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, sizeof v);
}

static inline uint64_t get_uint(const uint8_t *p, size_t n)
{
    uint64_t v = 0;

    for (size_t i = 0; i < n; i++)
        v |= (uint64_t)p[i] << 8 * i;
    return v;
}

static inline uint16_t get_u16(const uint8_t *p)
{
    return (uint16_t)get_uint(p, 2);
}

static inline uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)get_uint(p, 4);
}

static inline uint64_t get_u64(const uint8_t *p)
{
    return get_uint(p, 8);
}

struct block_header {
    uint8_t type;         /* enum block_type */
    uint8_t codec;        /* enum record_codec */
    uint32_t stored, raw; /* bytes that follow, and bytes they decode to */
    uint32_t records;
    uint64_t first_ordinal;
    int64_t first_ns, last_ns;
    uint64_t payload_hash; /* xxh64 of the stored bytes */
};

/* Write or read the 64 bytes that start a section. Reading returns false when
 * they are not intact; *major and *minor are set as soon as the magic is right. */
void section_encode(uint8_t out[SECTION_HEADER], const struct record_options *o);
bool section_decode(const uint8_t in[SECTION_HEADER], struct record_options *o, int *major,
                    int *minor);

/* The same for the 72 bytes that start a block of the section with that sync. */
void block_encode(uint8_t out[BLOCK_HEADER], const struct block_header *b,
                  const uint8_t sync[RECORD_SYNC_LEN]);
bool block_decode(const uint8_t in[BLOCK_HEADER], struct block_header *b,
                  const uint8_t sync[RECORD_SYNC_LEN]);

/* xxh64 with seed 0. */
uint64_t record_hash(const void *data, size_t len);

#endif
