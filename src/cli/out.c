// Results for people, programs and scripts.
#include "cli/cli.h"

#include <signal.h>
#include <sys/ioctl.h>

#define OUT_MAX_BYTES ((size_t)1 << 30) // a listing of millions of rows

void cli_size_text(char out[16], uint64_t bytes)
{
    static const char units[] = {0, 'K', 'M', 'G', 'T', 'P', 'E'};
    double v = (double)bytes;
    size_t u = 0;
    for (; v >= 1000.0 && u + 1 < sizeof units; u++)
        v /= 1000.0;
    snprintf(out, 16, "%.1f%.1s", v, &units[u]);
}

void cli_ago_text(char out[32], int64_t ms, int64_t now_ms)
{
    static const struct {
        const char *name;
        double seconds;
        double most; // of this unit, 0 = any
    } units[] = {{"second", 1, 60},    {"minute", 60, 60},  {"hour", 3600, 24},
                 {"day", 86400, 6},    {"week", 604800, 6}, {"month", 2629800, 11},
                 {"year", 31557600, 0}};
    double delta = (double)(now_ms - ms) / 1000.0;
    if (delta < 20) {
        strcpy(out, "a few seconds ago");
        return;
    }
    for (size_t i = 0;; i++) {
        long value = (long)(delta / units[i].seconds + 0.5);
        if (units[i].most == 0 || (double)value <= units[i].most) {
            snprintf(out, 32, "%ld %s%s ago", value, units[i].name, value > 1 ? "s" : "");
            return;
        }
    }
}

static struct cli_value *put(struct cli_table *t)
{
    return sp_vec_push(&t->cells);
}

void cli_put_text(struct cli_table *t, sp_str s)
{
    put(t)->text = sp_str_dup(s);
}

void cli_put_cstr(struct cli_table *t, const char *s)
{
    struct cli_value *v = put(t);
    v->text = sp_dup(s);
    v->null = !s;
}

void cli_put_num(struct cli_table *t, int64_t n)
{
    put(t)->number = n;
}

void cli_put_null(struct cli_table *t)
{
    put(t)->null = true;
}

void cli_table_fini(struct cli_table *t)
{
    SP_VEC_EACH (&t->cells, v)
        free(v->text);
    sp_vec_fini(&t->cells);
}

static void cell_text(struct sp_buf *b, enum cli_cell kind, const struct cli_value *v, bool human)
{
    char text[SP_TIME_MAX];
    if (v->null)
        return;
    switch (kind) {
    case CLI_TEXT:
        sp_buf_plain(b, sp_cstr(v->text));
        return;
    case CLI_NAMES: {
        sp_str one, rest = sp_cstr(v->text);
        bool first = true;
        while (rest.n && sp_split(&rest, '\n', &one)) {
            sp_buf_cstr(b, first ? "" : human ? ", " : ",");
            sp_buf_plain(b, one);
            first = false;
        }
        return;
    }
    case CLI_BYTES:
        if (human) {
            cli_size_text(text, (uint64_t)v->number);
            sp_buf_cstr(b, text);
            return;
        }
        break;
    case CLI_TIME:
        sp_time_iso(text, v->number);
        sp_buf_str(b, human ? sp_sub(sp_cstr(text), 0, 10) : sp_cstr(text));
        return;
    case CLI_AGO:
        if (human)
            cli_ago_text(text, v->number, sp_now_ms());
        else
            sp_time_iso(text, v->number);
        sp_buf_cstr(b, text);
        return;
    case CLI_YES:
        sp_buf_cstr(b, human ? (v->number ? "\xe2\x9c\x94" : "") : (v->number ? "True" : "False"));
        return;
    case CLI_COUNT:
        break;
    }
    sp_buf_printf(b, "%lld", (long long)v->number);
}

static void cell_json(struct sp_jw *w, enum cli_cell kind, const struct cli_value *v)
{
    if (v->null) {
        sp_jw_null(w);
        return;
    }
    char text[SP_TIME_MAX];
    switch (kind) {
    case CLI_TEXT:
        sp_jw_cstr(w, v->text);
        break;
    case CLI_NAMES: {
        sp_jw_arr(w);
        sp_str one, rest = sp_cstr(v->text);
        while (rest.n && sp_split(&rest, '\n', &one))
            sp_jw_str(w, one);
        sp_jw_end(w);
        break;
    }
    case CLI_BYTES:
    case CLI_COUNT:
        sp_jw_int(w, v->number);
        break;
    case CLI_TIME:
    case CLI_AGO:
        sp_time_iso(text, v->number);
        sp_jw_cstr(w, text);
        break;
    case CLI_YES:
        sp_jw_bool(w, v->number != 0);
        break;
    }
}

// A field of one result. Booleans are spelled as hf prints them, so that scripts find them.
static void field_text(struct sp_buf *b, enum cli_cell kind, const struct cli_value *v, bool human)
{
    if (kind == CLI_YES && !v->null)
        sp_buf_cstr(b, v->number ? "True" : "False");
    else
        cell_text(b, kind, v, human);
}

static void row_json(struct sp_jw *w, const struct cli_table *t, const struct cli_value *row)
{
    sp_jw_obj(w);
    for (size_t i = 0; i < t->cols_n; i++) {
        sp_jw_key(w, t->cols[i].key);
        cell_json(w, t->cols[i].kind, &row[i]);
    }
    sp_jw_end(w);
}

static size_t out_max(const struct cli *c)
{
    return c->out_max_bytes ? c->out_max_bytes : OUT_MAX_BYTES;
}

static void write_out(struct cli *c, const struct sp_buf *b)
{
    if (b->bad)
        c->unprinted = true; // cli_finish tells: a script must not take silence for "nothing"
    else if (b->n)
        fwrite(b->p, 1, b->n, stdout);
}

// Columns of the terminal, 0 = do not cut. Pipes get whole lines.
static size_t terminal_width(void)
{
    uint64_t n;
    struct winsize ws;
    const char *columns = getenv("COLUMNS");
    if (columns && sp_parse_u64(sp_cstr(columns), &n) && n >= 20 && n < 10000)
        return (size_t)n;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 20)
        return ws.ws_col;
    return 0;
}

// Appends s in `width` columns, cut with "..." where it does not fit. last: no spaces behind it.
static void put_cut(struct sp_buf *b, sp_str s, size_t width, bool last)
{
    size_t w = sp_utf8_width(s);
    if (w <= width) {
        sp_buf_str(b, s);
        for (; !last && w < width; w++)
            sp_buf_ch(b, ' ');
        return;
    }
    size_t room = width > 3 ? width - 3 : 0, at = 0, used = 0;
    while (at < s.n) {
        size_t next = at;
        if (sp_utf8_next(s, &next) < 0)
            next = at + 1;
        size_t cw = sp_utf8_width(sp_sub(s, at, next - at));
        if (used + cw > room)
            break;
        used += cw;
        at = next;
    }
    sp_buf_str(b, sp_sub(s, 0, at));
    sp_buf_cstr(b, "...");
    for (used += 3; !last && used < width; used++)
        sp_buf_ch(b, ' ');
}

#define COLUMN_LEAST 8 // a cut text below this tells nothing

struct grid {
    const struct cli_col *cols;
    const struct sp_buf *texts; // names first, then the rows
    size_t *widths;             // 0 = not shown
    size_t n, rows;
};

static size_t grid_width(const struct grid *g)
{
    size_t sum = 0;
    for (size_t i = 0; i < g->n; i++)
        sum += g->widths[i] ? g->widths[i] + 2 : 0;
    return sum - 2;
}

static bool column_is_empty(const struct grid *g, size_t col)
{
    for (size_t r = 1; r <= g->rows; r++) {
        if (g->texts[r * g->n + col].n)
            return false;
    }
    return true;
}

// Makes the line fit by what is missed least: long texts are shortened, columns that say nothing
// go, then the first column, which names the row, down to a half, then the columns at the right.
// Dates and numbers are whole or not there.
static bool fit_widths(struct grid *g, size_t total)
{
    if (grid_width(g) <= total)
        return false;
    for (size_t widest = 1; widest;) {
        widest = 0;
        for (size_t i = 1; i < g->n; i++) {
            bool text = g->cols[i].kind == CLI_TEXT || g->cols[i].kind == CLI_NAMES;
            if (text && g->widths[i] > COLUMN_LEAST &&
                (!widest || g->widths[i] > g->widths[widest]))
                widest = i;
        }
        if (grid_width(g) <= total)
            return true;
        if (widest)
            g->widths[widest]--;
    }
    for (size_t i = 1; i < g->n && grid_width(g) > total; i++)
        g->widths[i] = column_is_empty(g, i) ? 0 : g->widths[i];
    while (grid_width(g) > total && g->widths[0] > total / 2)
        g->widths[0]--;
    for (size_t i = g->n - 1; i > 0 && grid_width(g) > total; i--)
        g->widths[i] = 0;
    return true;
}

static void table_human(const struct cli *c, const struct cli_table *t, struct sp_buf *b)
{
    size_t n = t->cols_n, rows = t->cells.n / n;
    SP_AUTO_FREE size_t *widths = sp_new_n(size_t, n);
    SP_AUTO_FREE struct sp_buf *texts = sp_new_n(struct sp_buf, (rows + 1) * n);
    for (size_t k = 0; k < (rows + 1) * n; k++) {
        size_t col = k % n;
        if (k < n) {
            for (const char *p = t->cols[col].key; *p; p++)
                sp_buf_ch(&texts[k], *p >= 'a' && *p <= 'z' ? (char)(*p - 32) : *p);
        } else {
            cell_text(&texts[k], t->cols[col].kind, &t->cells.v[k - n], true);
        }
        size_t w = sp_utf8_width(sp_buf_view(&texts[k]));
        widths[col] = w > widths[col] ? w : widths[col];
    }
    size_t total = c->no_truncate ? 0 : terminal_width();
    struct grid g = {t->cols, texts, widths, n, rows};
    bool cut = total && fit_widths(&g, total);
    for (size_t r = 0; r <= rows; r++) {
        for (size_t i = 0, shown = 0; i < n; i++) {
            if (!widths[i])
                continue;
            // Trailing empty cells leave no trailing spaces.
            bool last = true;
            for (size_t j = i + 1; j < n; j++)
                last = last && (!widths[j] || texts[r * n + j].n == 0);
            sp_buf_cstr(b, shown++ ? "  " : "");
            put_cut(b, sp_buf_view(&texts[r * n + i]), widths[i], last);
            if (last)
                break;
        }
        sp_buf_ch(b, '\n');
        for (size_t i = 0, shown = 0; r == 0 && i < n; i++) {
            if (widths[i])
                sp_buf_cstr(b, shown++ ? "  " : "");
            for (size_t k = 0; k < widths[i]; k++)
                sp_buf_ch(b, '-');
        }
        if (r == 0)
            sp_buf_ch(b, '\n');
    }
    for (size_t k = 0; k < (rows + 1) * n; k++)
        sp_buf_fini(&texts[k]);
    if (cut)
        sp_buf_cstr(b, "(cut to the width of the terminal; --no-truncate shows everything)\n");
}

static void table_tsv(const struct cli_table *t, struct sp_buf *b)
{
    size_t n = t->cols_n;
    for (size_t i = 0; i < n; i++)
        sp_buf_printf(b, "%s%c", t->cols[i].key, i + 1 < n ? '\t' : '\n');
    for (size_t k = 0; k < t->cells.n; k++) {
        cell_text(b, t->cols[k % n].kind, &t->cells.v[k], false);
        sp_buf_ch(b, k % n + 1 < n ? '\t' : '\n');
    }
}

void cli_table_print(struct cli *c, const struct cli_table *t, size_t id, const char *footer)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(out_max(c));
    size_t n = t->cols_n;
    SP_ASSERT(n > 0 && t->cells.n % n == 0 && id < n);
    switch (c->format) {
    case CLI_JSON: {
        struct sp_jw w = sp_jw(&b);
        sp_jw_arr(&w);
        for (size_t k = 0; k < t->cells.n; k += n)
            row_json(&w, t, &t->cells.v[k]);
        sp_jw_end(&w);
        sp_buf_ch(&b, '\n');
        break;
    }
    case CLI_QUIET:
        for (size_t k = id; k < t->cells.n; k += n) {
            cell_text(&b, t->cols[id].kind, &t->cells.v[k], false);
            sp_buf_ch(&b, '\n');
        }
        break;
    case CLI_AGENT:
        if (t->cells.n)
            table_tsv(t, &b);
        else
            sp_buf_cstr(&b, "No results found.\n");
        if (footer && t->cells.n)
            sp_buf_printf(&b, "\n%s\n", footer);
        break;
    case CLI_AUTO:
    case CLI_HUMAN:
        if (t->cells.n)
            table_human(c, t, &b);
        else
            sp_buf_cstr(&b, "No results found.\n");
        if (footer && t->cells.n)
            sp_buf_printf(&b, "\n%s\n", footer);
        break;
    }
    write_out(c, &b);
}

void cli_result_print(struct cli *c, const char *title, const struct cli_table *t)
{
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(out_max(c));
    SP_ASSERT(t->cells.n == t->cols_n && t->cols_n > 0);
    const struct cli_value *v = t->cells.v;
    if (c->format == CLI_JSON) {
        struct sp_jw w = sp_jw(&b);
        row_json(&w, t, v);
        sp_buf_ch(&b, '\n');
    } else if (c->format == CLI_QUIET) {
        field_text(&b, t->cols[0].kind, &v[0], false);
        sp_buf_ch(&b, '\n');
    } else if (c->format == CLI_AGENT) {
        bool first = true;
        for (size_t i = 0; i < t->cols_n; i++) {
            if (v[i].null)
                continue;
            sp_buf_printf(&b, "%s%s=", first ? "" : " ", t->cols[i].key);
            field_text(&b, t->cols[i].kind, &v[i], false);
            first = false;
        }
        sp_buf_ch(&b, '\n');
    } else {
        sp_buf_printf(&b, "%s\xe2\x9c\x93 %s%s\n", c->color ? "\x1b[32m" : "", title,
                      c->color ? "\x1b[0m" : "");
        for (size_t i = 0; i < t->cols_n; i++) {
            if (v[i].null)
                continue;
            sp_buf_printf(&b, "  %s: ", t->cols[i].key);
            field_text(&b, t->cols[i].kind, &v[i], true);
            sp_buf_ch(&b, '\n');
        }
    }
    write_out(c, &b);
}

void cli_say(const struct cli *c, const char *fmt, ...)
{
    if (c->format == CLI_JSON || c->format == CLI_QUIET)
        return;
    SP_AUTO_BUF struct sp_buf text = {0};
    va_list ap;
    va_start(ap, fmt);
    sp_buf_vprintf(&text, fmt, ap);
    va_end(ap);
    sp_str line, rest = text.n ? sp_buf_view(&text) : SP_LIT("");
    while (sp_split(&rest, '\n', &line)) {
        SP_AUTO_BUF struct sp_buf plain = {0};
        sp_buf_plain(&plain, line);
        puts(plain.p ? plain.p : "");
    }
}

static void quit(int sig)
{
    _exit(128 + sig);
}

bool cli_ask(char *line, int n, const char *question)
{
    // The handlers of main only set a flag, and the read would go on waiting. Nothing has begun.
    struct sigaction sa = {.sa_handler = quit}, old_int, old_term;
    sigaction(SIGINT, &sa, &old_int);
    sigaction(SIGTERM, &sa, &old_term);
    fflush(stdout);
    fputs(question, stderr);
    bool got = fgets(line, n, stdin) != NULL;
    sigaction(SIGINT, &old_int, NULL);
    sigaction(SIGTERM, &old_term, NULL);
    return got;
}

int cli_confirm(const struct cli *c, bool yes, const char *question, struct sp_err *err)
{
    if (yes)
        return 0;
    bool terminal = isatty(STDIN_FILENO), answered = false;
    char line[16];
    if (c->format == CLI_HUMAN) { // a pipe may answer, too: `yes | spoke ...`
        SP_AUTO_FREE char *text = sp_fmt("%s [y/N] ", question);
        answered = cli_ask(line, sizeof line, terminal ? text : "");
    }
    if (!answered && !(c->format == CLI_HUMAN && terminal)) {
        int rc = sp_fail(err, SP_EUSAGE, "%s Nobody can be asked here", question);
        sp_hint(err, "use --yes to skip the question");
        return rc;
    }
    sp_str word = answered ? sp_trim(sp_cstr(line)) : SP_LIT("");
    if (sp_eq_nocase(word, SP_LIT("y")) || sp_eq_nocase(word, SP_LIT("yes")))
        return 0;
    return sp_fail(err, SP_ECANCELLED, "aborted");
}

int cli_finish(struct cli *c, int rc, const struct sp_err *err)
{
    bool lost = fflush(stdout) != 0 || ferror(stdout);
    int os = errno;
    if (rc < 0) {
        bool red = isatty(STDERR_FILENO) && !getenv("NO_COLOR");
        SP_AUTO_BUF struct sp_buf msg = {0}, line = {0};
        sp_redact(&msg, sp_cstr(err->msg[0] ? err->msg : sp_err_row(rc)->text));
        sp_buf_plain(&line, sp_buf_view(&msg));
        fprintf(stderr, "%sError:%s %s\n", red ? "\x1b[31m" : "", red ? "\x1b[0m" : "",
                line.p ? line.p : "");
        if (err->hint[0] && c->format != CLI_QUIET) {
            SP_AUTO_BUF struct sp_buf hint = {0};
            sp_buf_plain(&hint, sp_cstr(err->hint));
            fprintf(stderr, "Hint: %s\n", hint.p ? hint.p : "");
        }
        return sp_err_row(rc)->exit;
    }
    if (c->unprinted) {
        fprintf(stderr, "Error: the result is larger than %zu MiB and was not printed\n",
                out_max(c) >> 20);
        return sp_err_row(SP_ETOOBIG)->exit;
    }
    if (lost) {
        // `spoke models ls | head` is fine; a full disk under `> file` is not.
        if (os == EPIPE)
            return 0;
        fprintf(stderr, "Error: cannot write to standard output: %s\n", strerror(os));
        return sp_err_row(sp_errno_is_full(os) ? SP_ENOSPACE : SP_EIO)->exit;
    }
    return c->exit;
}
