// Progress by a thread of its own: a redrawn line on a terminal, now and then a log line elsewhere.
#include "cli/cli.h"

#include <pthread.h>
#include <sys/ioctl.h>

#define BAR_DRAW_MS    200
#define BAR_FIRST_MS   400   // quicker work shows nothing
#define BAR_LOG_MS     30000 // where nobody sees a line redrawn
#define BAR_RATE_SHARE 0.15  // weight of the newest interval in the shown speed

struct cli_bar {
    struct sp_progress *p;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop, terminal, drawn;
    double rate; // bytes per second
    uint64_t last_bytes;
    int64_t last_ms;
};

static void put_amount(struct sp_buf *b, const char *what, uint64_t done, uint64_t total)
{
    char d[16], t[16];
    cli_size_text(d, done);
    cli_size_text(t, total);
    if (total)
        sp_buf_printf(b, "  %s%sB / %sB (%d%%)", what, d, t,
                      done >= total ? 100 : (int)(100.0 * (double)done / (double)total));
    else if (done)
        sp_buf_printf(b, "  %s%sB", what, d);
}

static void compose(struct cli_bar *bar, struct sp_buf *b)
{
    struct sp_progress *p = bar->p;
    const char *stage = atomic_load(&p->stage);
    uint64_t files = atomic_load(&p->files_done), files_total = atomic_load(&p->files_total);
    uint64_t bytes = atomic_load(&p->bytes_done), total = atomic_load(&p->bytes_total);
    uint64_t hashed = atomic_load(&p->hash_done), hash_total = atomic_load(&p->hash_total);
    int64_t now = sp_mono_ms();
    if (now > bar->last_ms) {
        double current = (double)(bytes - bar->last_bytes) * 1000.0 / (double)(now - bar->last_ms);
        bar->rate = bar->rate == 0 ? current : bar->rate + BAR_RATE_SHARE * (current - bar->rate);
        bar->last_bytes = bytes;
        bar->last_ms = now;
    }
    sp_buf_cstr(b, stage ? stage : "Working");
    if (files_total)
        sp_buf_printf(b, "  %llu/%llu files", (unsigned long long)files,
                      (unsigned long long)files_total);
    if (hash_total && hashed < hash_total)
        put_amount(b, "hashed ", hashed, hash_total);
    put_amount(b, "", bytes, total);
    if (bar->rate >= 1) {
        char r[16];
        cli_size_text(r, (uint64_t)bar->rate);
        sp_buf_printf(b, "  %sB/s", r);
        if (total > bytes) {
            long left = (long)((double)(total - bytes) / bar->rate);
            sp_buf_printf(b, "  %ld:%02ld left", left / 60, left % 60);
        }
    }
}

static void draw(struct cli_bar *bar)
{
    SP_AUTO_BUF struct sp_buf text = {0}, line = {0};
    compose(bar, &text);
    if (bar->terminal) {
        struct winsize ws;
        size_t width =
            ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 10 ? ws.ws_col - 1u : 79;
        sp_buf_cut(&text, width);
        sp_buf_printf(&line, "\r\x1b[K%s", text.p);
    } else {
        sp_buf_printf(&line, "%s\n", text.p);
    }
    ssize_t w = write(STDERR_FILENO, line.p, line.n);
    (void)w; // a lost line of progress hurts nobody
    bar->drawn = true;
}

static void wait_ms(struct cli_bar *bar, int64_t ms)
{
    int64_t until = sp_mono_ms() + ms;
    while (!bar->stop && sp_cond_wait_until(&bar->wake, &bar->lock, until))
        ;
}

static void *run(void *ud)
{
    struct cli_bar *bar = ud;
    pthread_mutex_lock(&bar->lock);
    wait_ms(bar, bar->terminal ? BAR_FIRST_MS : BAR_LOG_MS);
    while (!bar->stop) {
        draw(bar);
        wait_ms(bar, bar->terminal ? BAR_DRAW_MS : BAR_LOG_MS);
    }
    pthread_mutex_unlock(&bar->lock);
    return NULL;
}

struct cli_bar *cli_bar_start(const struct cli *c, struct sp_progress *p)
{
    if (c->format != CLI_HUMAN || sp_conf_bool(SP_CONF_disable_progress))
        return NULL;
    struct cli_bar *bar = sp_new(struct cli_bar);
    bar->p = p;
    bar->terminal = isatty(STDERR_FILENO);
    bar->last_ms = sp_mono_ms();
    pthread_mutex_init(&bar->lock, NULL);
    sp_cond_init(&bar->wake);
    // A bar that cannot be drawn must not stop the work.
    if (pthread_create(&bar->thread, NULL, run, bar) != 0) {
        free(bar);
        return NULL;
    }
    return bar;
}

void cli_bar_stop(struct cli_bar **barp)
{
    struct cli_bar *bar = *barp;
    if (!bar)
        return;
    pthread_mutex_lock(&bar->lock);
    bar->stop = true;
    pthread_cond_signal(&bar->wake);
    pthread_mutex_unlock(&bar->lock);
    pthread_join(bar->thread, NULL);
    if (bar->drawn && bar->terminal) {
        ssize_t w = write(STDERR_FILENO, "\r\x1b[K", 4);
        (void)w;
    }
    pthread_cond_destroy(&bar->wake);
    pthread_mutex_destroy(&bar->lock);
    free(bar);
    *barp = NULL;
}
