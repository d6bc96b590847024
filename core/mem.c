#include "core/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static atomic_int fail_how = MEM_FAIL_NEVER;
static atomic_bool counting;
static _Atomic uint64_t fail_at;
static _Atomic uint64_t count;

void mem_fail_at(uint64_t n, enum mem_fail how)
{
    atomic_store(&count, 0);
    atomic_store(&fail_at, n);
    atomic_store(&fail_how, (int)how);
    atomic_store(&counting, true);
}

uint64_t mem_count(void)
{
    return atomic_load(&count);
}

bool mem_is_counting(void)
{
    return atomic_load_explicit(&counting, memory_order_relaxed);
}

static bool must_fail(void)
{
    uint64_t nth;

    if (!mem_is_counting())
        return false;
    nth = atomic_fetch_add(&count, 1) + 1;
    switch (atomic_load(&fail_how)) {
    case MEM_FAIL_ONCE:
        return nth == atomic_load(&fail_at);
    case MEM_FAIL_FROM:
        return nth >= atomic_load(&fail_at);
    default:
        return false;
    }
}

void *mem_alloc(size_t n)
{
    return must_fail() ? NULL : malloc(n ? n : 1);
}

void *mem_zalloc(size_t n)
{
    return must_fail() ? NULL : calloc(1, n ? n : 1);
}

void *mem_realloc(void *p, size_t n)
{
    return must_fail() ? NULL : realloc(p, n ? n : 1);
}

void *mem_array(size_t n, size_t size)
{
    if (size && n > SIZE_MAX / size)
        return NULL;
    return mem_zalloc(n * size);
}

void mem_free(void *p)
{
    free(p);
}

char *mem_dup(const char *bytes, size_t n)
{
    char *copy = n < SIZE_MAX ? mem_alloc(n + 1) : NULL;

    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, bytes, n);
    copy[n] = '\0';
    return copy;
}
