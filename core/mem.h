/* mem.h -- the one door to the heap.
 *
 * All our allocations pass here, so that a test can make the n-th one fail
 * and see that nothing crashes, leaks, or passes for success (curl's and
 * SQLite's torture tests). The check costs one relaxed atomic load.
 */
#ifndef MIRRORCTL_CORE_MEM_H
#define MIRRORCTL_CORE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Like malloc, calloc(1, n) and realloc: NULL when there is no memory. */
void *mem_alloc(size_t n);
void *mem_zalloc(size_t n);
void *mem_realloc(void *p, size_t n);

/* `count` items of `size` bytes, zeroed; NULL also when the product overflows. */
void *mem_array(size_t count, size_t size);

/* Like free; NULL is fine. */
void mem_free(void *p);

/* A NUL-terminated copy of `n` bytes; NULL when there is no memory. */
char *mem_dup(const char *bytes, size_t n);

enum mem_fail { MEM_FAIL_NEVER, MEM_FAIL_ONCE, MEM_FAIL_FROM };

/* For tests: fail the n-th allocation from now (1 is the next), once or that
 * and all that follow. Also starts the count of mem_count() anew. */
void mem_fail_at(uint64_t n, enum mem_fail how);

/* For tests: allocations asked for since mem_fail_at(), and whether that was ever
 * called: then each allocation is to be one. */
uint64_t mem_count(void);
bool mem_is_counting(void);

#endif
