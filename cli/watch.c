#include "cli/watch.h"

#include "cli/metrics.h"
#include "core/clock.h"
#include "core/log.h"

enum { PAGE_MAX = 1024 * 1024 };

int watch_open(struct watch *w, const struct replay_options *o, const struct replay_stats *stats,
               struct err *e)
{
    struct replay_progress none = {.n_targets = stats->n_targets, .targets = stats->targets};

    *w = (struct watch){0};
    buf_init(&w->page, PAGE_MAX);
    progress_start(&w->progress, o->rate, o->duration_ns, clock_mono_ns());
    if (!o->metrics)
        return 0;
    w->scrape = scrape_open(o->metrics, METRICS_TYPE, e);
    if (!w->scrape)
        return err_wrap(e, "--metrics");
    watch_publish(w, &none);
    log_info("metrics at %s", scrape_url(w->scrape));
    return 0;
}

void watch_publish(struct watch *w, const struct replay_progress *p)
{
    if (!w->scrape)
        return;
    buf_reset(&w->page);
    if (metrics_render(p, &w->page, NULL) == 0)
        scrape_publish(w->scrape, buf_str(&w->page));
}

void watch_show(struct watch *w, const struct replay_progress *p, double part)
{
    progress_show(&w->progress, p, part);
}

void watch_close(struct watch *w)
{
    log_progress("%s", "");
    scrape_close(w->scrape);
    w->scrape = NULL;
    buf_release(&w->page);
}
