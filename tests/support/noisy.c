#include "tests/support/noisy.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PAUSE = 15, TYPICAL_MS = 20 };

/* A field of two values that is flipped in a share q of the answers differs
 * between two of them in 2 q (1 - q): these give 30 % and 1 %. */
#define OFTEN  0.1838
#define SELDOM 0.0050

/* ---- chance ----------------------------------------------------------------------- */

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static double uniform(uint64_t *state)
{
    return (double)(draw(state) >> 11) / 9007199254740992.0;
}

static bool chance(struct noisy *s, double p)
{
    return uniform(&s->state) < p;
}

/* Box and Muller. */
static double normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(1 - uniform(state)));

    return radius * cos(6.283185307179586 * uniform(state));
}

uint64_t noisy_draw(struct noisy *s, uint64_t n)
{
    return draw(&s->state) % n;
}

/* ---- time --------------------------------------------------------------------------- */

bool noisy_plant_of(const char *name, enum noisy_plant *plant)
{
    static const char *const names[] = {
        [NOISY_NOTHING] = "none",  [NOISY_VALUE] = "value", [NOISY_EXCESS] = "excess",
        [NOISY_STATUS] = "status", [NOISY_SLOW] = "slow",   [NOISY_HEADER] = "header"};

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        *plant = (enum noisy_plant)i;
        if (strcmp(names[i], name) == 0)
            return true;
    }
    return false;
}

void noisy_init(struct noisy *s, uint64_t seed, enum noisy_plant plant)
{
    *s = (struct noisy){.state = seed * 977 + (uint64_t)plant, .plant = plant};
    draw(&s->state);
}

double noisy_load(struct noisy *machine)
{
    machine->drift = 0.995 * machine->drift + 0.02 * normal(&machine->state);
    return machine->drift;
}

void noisy_advance(struct noisy *s, double load)
{
    s->drift = load;
    s->wobble = 0.9 * s->wobble + 0.01 * normal(&s->state);
    if (s->pause > 0)
        s->pause--;
    else if (chance(s, 1.0 / 400))
        s->pause = PAUSE;
}

/* How heavy a request is follows from the request, so it is the same for both. */
static double weight(uint64_t id)
{
    return TYPICAL_MS * exp(0.5 * normal(&id));
}

static int64_t duration_us(struct noisy *s, uint64_t id)
{
    double factor = s->plant == NOISY_SLOW ? 1.2 : 1;
    double ms = factor * weight(id) * exp(s->drift + s->wobble + 0.15 * normal(&s->state));

    if (s->pause > 0)
        ms += 60 + 40 * uniform(&s->state);
    return (int64_t)(ms * 1000) + 1;
}

/* ---- answers -------------------------------------------------------------------------- */

static void shuffle_tags(struct noisy *s, char *out, size_t size)
{
    const char *tags[] = {"red", "green", "blue", "black", "white"};
    size_t used = 0;

    for (size_t left = sizeof tags / sizeof *tags; left > 0; left--) {
        size_t k = draw(&s->state) % left;

        used += (size_t)snprintf(out + used, size - used, "%s\"%s\"", used ? "," : "", tags[k]);
        tags[k] = tags[left - 1];
    }
}

static size_t write_item(struct noisy *s, uint64_t id, char body[NOISY_BODY])
{
    const char *often = chance(s, OFTEN) ? "cold" : "warm";
    const char *seldom = chance(s, SELDOM) ? "true" : "false";
    unsigned price = (unsigned)(id * 7919 % 10000);
    uint64_t a = draw(&s->state), b = draw(&s->state);
    char tags[96];

    if (s->plant == NOISY_EXCESS && chance(s, 0.05))
        often = "odd";
    if (s->plant == NOISY_VALUE && chance(s, 0.02))
        price++;
    shuffle_tags(s, tags, sizeof tags);
    return (size_t)snprintf(body, NOISY_BODY,
                            "{\"id\":%" PRIu64 ",\"name\":\"item %" PRIu64 "\",\"price\":%u.%02u,"
                            "\"trace\":\"%08x-%04x-4%03x-8%03x-%012" PRIx64 "\","
                            "\"at\":\"2026-11-22T20:%02u:%02u.%06uZ\",\"tags\":[%s],"
                            "\"often\":\"%s\",\"seldom\":%s}",
                            id, id, price / 100, price % 100, (unsigned)a,
                            (unsigned)(a >> 32) & 0xffff, (unsigned)(a >> 48) & 0xfff,
                            (unsigned)b & 0xfff, b >> 16, (unsigned)(b % 60), (unsigned)(a % 60),
                            (unsigned)(a % 1000000), tags, often, seldom);
}

void noisy_answer(struct noisy *s, uint64_t id, struct noisy_answer *a)
{
    bool broken = s->plant == NOISY_STATUS && chance(s, 0.005);

    a->status = broken ? 500 : 200;
    a->fields = s->plant == NOISY_HEADER
                    ? "Content-Type: application/json\r\n"
                    : "Content-Type: application/json\r\nX-Frame-Options: DENY\r\n";
    a->us = duration_us(s, id);
    a->len = write_item(s, id, a->body);
    if (broken)
        a->len = (size_t)snprintf(a->body, NOISY_BODY, "{\"error\":\"internal\"}");
}
