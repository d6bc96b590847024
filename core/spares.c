#include "core/spares.h"

#include <stddef.h>

#include "core/mem.h"
#include "core/sanitizer.h"

/* ---- one magazine ---------------------------------------------------------------- */

static void load(struct spare_magazine *m, struct spare *object)
{
    object->next = m->first;
    m->first = object;
    m->n++;
}

static struct spare *unload(struct spare_magazine *m)
{
    struct spare *object = m->first;

    m->first = object->next;
    m->n--;
    return object;
}

static void swap(struct spares_here *here)
{
    struct spare_magazine m = here->loaded;

    here->loaded = here->other;
    here->other = m;
}

/* ---- the depot ------------------------------------------------------------------- */

/* Take the magazine in; what has no room there is released. */
static void put_away(struct spares *s, struct spare_magazine *m)
{
    bool room;

    pthread_mutex_lock(&s->lock);
    room = s->n < SPARES_DEPOT;
    if (room)
        s->depot[s->n++] = *m;
    pthread_mutex_unlock(&s->lock);
    while (!room && m->n)
        s->release(unload(m));
    *m = (struct spare_magazine){0};
}

static void fetch(struct spares *s, struct spare_magazine *m)
{
    pthread_mutex_lock(&s->lock);
    if (s->n)
        *m = s->depot[--s->n];
    pthread_mutex_unlock(&s->lock);
}

/* ---- threads that end ------------------------------------------------------------- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static bool has_key;

static void put_away_all(void *first)
{
    for (struct spares_here *here = first; here; here = here->next) {
        if (here->loaded.n)
            put_away(here->of, &here->loaded);
        if (here->other.n)
            put_away(here->of, &here->other);
        here->of = NULL;
    }
}

static void make_key(void)
{
    has_key = pthread_key_create(&key, put_away_all) == 0;
}

/* False where the end of this thread would not be told. */
static bool sign_on(struct spares *s, struct spares_here *here)
{
    pthread_once(&once, make_key);
    if (!has_key)
        return false;
    here->next = pthread_getspecific(key);
    if (pthread_setspecific(key, here) != 0)
        return false;
    here->of = s;
    return true;
}

/* ---- the outside ------------------------------------------------------------------ */

struct spare *spares_take(struct spares *s, struct spares_here *here)
{
    if (mem_is_counting())
        return NULL;
    if (here->loaded.n == 0 && here->other.n)
        swap(here);
    if (here->loaded.n == 0 && (here->of || sign_on(s, here)))
        fetch(s, &here->loaded);
    return here->loaded.n ? unload(&here->loaded) : NULL;
}

void spares_give(struct spares *s, struct spares_here *here, struct spare *object)
{
    if (WATCHED_BY_ASAN || mem_is_counting() || (!here->of && !sign_on(s, here))) {
        s->release(object);
        return;
    }
    if (here->loaded.n == SPARES_MAGAZINE) {
        if (here->other.n)
            put_away(s, &here->other);
        swap(here);
    }
    load(&here->loaded, object);
}
