// libyaml's events into the JSON tree. Aliases share the children of the node they name (a copy of
// one struct), but they count with their whole size against the node budget, so that no walk over
// the tree takes longer than the budget says.
#include "base/yaml.h"

#include "base/map.h"
#include "base/vec.h"

#include <math.h>
#include <yaml.h>

#define CORE_TAG "tag:yaml.org,2002:"

struct anchor {
    struct sp_json *node;
    size_t nodes;  // in the expanded subtree
    size_t height; // levels below the node
};

struct reader {
    yaml_parser_t parser;
    struct sp_arena *arena;
    struct sp_map anchors; // name → struct anchor (arena)
    size_t nodes;
    struct sp_yaml_at *at;
    struct sp_err *err;
};

static int fail_at(struct reader *r, yaml_mark_t mark, const char *what)
{
    struct sp_yaml_at at = {mark.line + 1, mark.column + 1};
    if (r->at)
        *r->at = at;
    return sp_fail(r->err, SP_EFORMAT, "YAML line %zu column %zu: %s", at.line, at.column, what);
}

static int next_event(struct reader *r, yaml_event_t *ev)
{
    if (yaml_parser_parse(&r->parser, ev))
        return 0;
    yaml_mark_t mark = r->parser.problem_mark;
    const char *what = r->parser.problem ? r->parser.problem : "not YAML";
    if (r->parser.error == YAML_MEMORY_ERROR)
        return sp_fail(r->err, SP_EINTERNAL, "YAML: no memory");
    if (r->parser.error == YAML_READER_ERROR) // has an offset, no mark
        mark = r->parser.mark;
    return fail_at(r, mark, what);
}

// --- scalars: the implicit types of YAML 1.1 as PyYAML's resolver has them ---

static bool one_of(sp_str s, const char *const *words)
{
    for (; *words; words++)
        if (sp_eq(s, sp_cstr(*words)))
            return true;
    return false;
}

static bool is_null(sp_str s)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};
    return one_of(s, words);
}

static bool is_bool(sp_str s, bool *out)
{
    static const char *const yes[] = {"yes",  "Yes", "YES", "true", "True",
                                      "TRUE", "on",  "On",  "ON",   NULL};
    static const char *const no[] = {"no",    "No",  "NO",  "false", "False",
                                     "FALSE", "off", "Off", "OFF",   NULL};
    *out = one_of(s, yes);
    return *out || one_of(s, no);
}

static size_t span(sp_str s, size_t from, const char *set)
{
    size_t i = from;
    while (i < s.n && s.p[i] && strchr(set, s.p[i]))
        i++;
    return i - from;
}

#define DIGITS_ "0123456789_"

// "190:20:30" after the sign: the first part and then parts below 60. Returns the value, false when
// it is not of that form or too large.
static bool sexagesimal(sp_str s, bool zero_first, uint64_t *out)
{
    uint64_t value = 0;
    bool first = true, many = false;
    sp_str part, rest = s;
    while (sp_split(&rest, ':', &part)) {
        uint64_t v = 0;
        if (part.n == 0 || (!first && part.n > 2) || (first && !zero_first && part.p[0] == '0'))
            return false;
        for (size_t i = 0; i < part.n; i++) {
            if (part.p[i] == '_' && first && i > 0)
                continue;
            if (part.p[i] < '0' || part.p[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
                __builtin_add_overflow(v, (uint64_t)(part.p[i] - '0'), &v))
                return false;
        }
        if (!first && v > 59)
            return false;
        if (__builtin_mul_overflow(value, 60, &value) || __builtin_add_overflow(value, v, &value))
            return false;
        many = many || !first;
        first = false;
    }
    *out = value;
    return many;
}

static bool based(sp_str digits, unsigned base, uint64_t *out)
{
    uint64_t v = 0;
    bool any = false;
    for (size_t i = 0; i < digits.n; i++) {
        char c = digits.p[i];
        if (c == '_')
            continue;
        unsigned d = c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
        if (d >= base || __builtin_mul_overflow(v, base, &v) || __builtin_add_overflow(v, d, &v))
            return false;
        any = true;
    }
    *out = v;
    return any;
}

// Decimal text in the arena, or {NULL,0} when s is no integer of YAML 1.1 (or one above 64 bits
// that is not decimal).
static sp_str int_text(struct reader *r, sp_str s)
{
    bool minus = s.n && s.p[0] == '-';
    sp_str t = s.n && (s.p[0] == '-' || s.p[0] == '+') ? sp_from(s, 1) : s;
    uint64_t v = 0;
    bool ok;
    if (t.n == 0 || t.p[0] < '0' || t.p[0] > '9')
        return (sp_str){0};
    if (sp_starts(t, SP_LIT("0b"))) {
        ok = based(sp_from(t, 2), 2, &v);
    } else if (sp_starts(t, SP_LIT("0x"))) {
        ok = based(sp_from(t, 2), 16, &v);
    } else if (t.p[0] == '0' && t.n > 1) {
        ok = based(sp_from(t, 1), 8, &v);
    } else if (sp_find_ch(t, ':') >= 0) {
        ok = sexagesimal(t, false, &v);
    } else {
        if (span(t, 0, DIGITS_) != t.n || t.n > 4300)
            return (sp_str){0};
        char *text = sp_arena_alloc(r->arena, t.n + 2), *to = text;
        if (minus && t.p[0] != '0')
            *to++ = '-';
        for (size_t i = 0; i < t.n; i++)
            if (t.p[i] != '_')
                *to++ = t.p[i];
        return (sp_str){text, (size_t)(to - text)};
    }
    if (!ok)
        return (sp_str){0};
    char *text = sp_arena_fmt(r->arena, "%s%llu", minus && v ? "-" : "", (unsigned long long)v);
    return sp_cstr(text);
}

// [-+]?D+\.D*([eE][-+]D+)? | \.D+([eE][-+]D+)? — an exponent needs its sign and a point before it.
static bool is_float_form(sp_str t)
{
    size_t i = span(t, 0, DIGITS_);
    if (i > 0 && t.p[0] == '_')
        return false;
    if (i == t.n || t.p[i] != '.')
        return false;
    size_t frac = span(t, i + 1, DIGITS_);
    if (i == 0 && (frac == 0 || t.p[1] == '_'))
        return false;
    i += 1 + frac;
    if (i == t.n)
        return true;
    if ((t.p[i] | 0x20) != 'e' || i + 2 >= t.n || (t.p[i + 1] != '-' && t.p[i + 1] != '+'))
        return false;
    size_t e = span(t, i + 2, "0123456789");
    return e > 0 && i + 2 + e == t.n;
}

// JSON text of a float, or {NULL,0}. .inf and .nan have no number in JSON and stay strings.
static sp_str float_text(struct reader *r, sp_str s)
{
    bool sign = s.n && (s.p[0] == '-' || s.p[0] == '+');
    sp_str t = sign ? sp_from(s, 1) : s;
    double base = 0;
    ptrdiff_t colon = sp_rfind_ch(t, ':');
    if (t.n > 300)
        return (sp_str){0};
    if (colon > 0) { // 190:20:30.15
        sp_str last = sp_from(t, (size_t)colon + 1);
        ptrdiff_t point = sp_find_ch(last, '.');
        uint64_t whole;
        if (point < 1 ||
            !sexagesimal(sp_sub(t, 0, (size_t)colon + 1 + (size_t)point), true, &whole) ||
            span(last, (size_t)point + 1, DIGITS_) != last.n - (size_t)point - 1)
            return (sp_str){0};
        base = (double)whole;
        t = sp_from(last, (size_t)point);
    } else if (!is_float_form(t) || (sign && t.p[0] == '.')) { // PyYAML: -.5 is a string
        return (sp_str){0};
    }
    char plain[320] = "0", *to = plain + 1;
    for (size_t i = 0; i < t.n; i++)
        if (t.p[i] != '_')
            *to++ = t.p[i];
    *to = '\0';
    double v = base + strtod(plain, NULL);
    if (!isfinite(v))
        return (sp_str){0};
    if (sign && s.p[0] == '-')
        v = -v;
    SP_AUTO_BUF struct sp_buf b = SP_BUF_MAX(64);
    struct sp_jw w = sp_jw(&b);
    sp_jw_f64(&w, v);
    return sp_str_of(sp_arena_dupn(r->arena, b.p, b.n), b.n);
}

static void implicit_scalar(struct reader *r, struct sp_json *v, sp_str s)
{
    sp_str number;
    if (is_null(s)) {
        v->kind = SP_JSON_NULL;
    } else if (is_bool(s, &v->b)) {
        v->kind = SP_JSON_BOOL;
    } else if ((number = int_text(r, s)).n || (number = float_text(r, s)).n) {
        v->kind = SP_JSON_NUM;
        v->s = number;
    } else {
        v->kind = SP_JSON_STR;
        v->s = s;
    }
}

// A tag on a scalar must agree with what the text is.
static int tagged_scalar(struct reader *r, struct sp_json *v, sp_str s, const char *tag,
                         const yaml_event_t *ev)
{
    if (strcmp(tag, "!") == 0) { // PyYAML types the text then, even a quoted one
        implicit_scalar(r, v, s);
        return 0;
    }
    if (strcmp(tag, CORE_TAG "str") == 0) {
        v->kind = SP_JSON_STR;
        v->s = s;
        return 0;
    }
    enum sp_json_kind want;
    if (strcmp(tag, CORE_TAG "null") == 0)
        want = SP_JSON_NULL;
    else if (strcmp(tag, CORE_TAG "bool") == 0)
        want = SP_JSON_BOOL;
    else if (strcmp(tag, CORE_TAG "int") == 0 || strcmp(tag, CORE_TAG "float") == 0)
        want = SP_JSON_NUM;
    else
        return fail_at(r, ev->start_mark, "a tag other than null, bool, int, float, str, seq, map");
    implicit_scalar(r, v, s);
    if (v->kind != want)
        return fail_at(r, ev->start_mark, "the tag does not fit the text");
    return 0;
}

static int read_scalar(struct reader *r, struct sp_json *v, const yaml_event_t *ev)
{
    sp_str s = sp_str_of(ev->data.scalar.value, ev->data.scalar.length);
    s.p = sp_arena_dupn(r->arena, s.p, s.n);
    if (sp_has_nul(s))
        return fail_at(r, ev->start_mark, "a NUL in a string");
    if (ev->data.scalar.tag)
        return tagged_scalar(r, v, s, (const char *)ev->data.scalar.tag, ev);
    if (ev->data.scalar.plain_implicit) {
        implicit_scalar(r, v, s);
    } else {
        v->kind = SP_JSON_STR;
        v->s = s;
    }
    return 0;
}

// --- structure ---

static int count_node(struct reader *r, size_t n, yaml_mark_t mark)
{
    if (n > SP_LIM_YAML_NODES - r->nodes)
        return fail_at(r, mark, "too many values (aliases count with all they contain)");
    r->nodes += n;
    return 0;
}

static int read_alias(struct reader *r, struct sp_json *v, const yaml_event_t *ev, size_t depth,
                      size_t *height)
{
    const struct anchor *a = sp_map_get(&r->anchors, sp_cstr((const char *)ev->data.alias.anchor));
    if (!a) // also an alias inside the node that it names: that one is not finished yet
        return fail_at(r, ev->start_mark, "an alias without its anchor");
    SP_TRY(count_node(r, a->nodes, ev->start_mark));
    if (depth + a->height > SP_LIM_YAML_DEPTH)
        return fail_at(r, ev->start_mark, "nested too deeply");
    sp_str key = v->key;
    *v = *a->node;
    v->key = key;
    v->next = NULL;
    *height = a->height;
    return 0;
}

static int read_node(struct reader *r, struct sp_json *v, yaml_event_t *ev, size_t depth,
                     size_t *height);

static int core_tag(struct reader *r, const yaml_event_t *ev, const yaml_char_t *tag,
                    const char *want)
{
    if (!tag || strcmp((const char *)tag, want) == 0 || strcmp((const char *)tag, "!") == 0)
        return 0;
    return fail_at(r, ev->start_mark, "a tag other than null, bool, int, float, str, seq, map");
}

static int read_key(struct reader *r, struct sp_json *v, const yaml_event_t *ev)
{
    struct sp_json k = {0};
    if (ev->type != YAML_SCALAR_EVENT)
        return fail_at(r, ev->start_mark, "a key that is not a string");
    SP_TRY(read_scalar(r, &k, ev));
    if (k.kind != SP_JSON_STR)
        return fail_at(r, ev->start_mark,
                       "a key that is not a string (quote it, also yes, no, on, off, null)");
    if (ev->data.scalar.plain_implicit && sp_eq_lit(k.s, "<<"))
        return fail_at(r, ev->start_mark, "merge keys (<<) are not supported");
    if (ev->data.scalar.anchor)
        return fail_at(r, ev->start_mark, "an anchor on a key");
    v->key = k.s;
    return 0;
}

static void fini_map(struct sp_map *m)
{
    sp_map_fini(m, NULL);
}

// Items of a sequence or mapping until its end event.
static int read_items(struct reader *r, struct sp_json *v, size_t depth, size_t *height)
{
    SP_AUTO(fini_map) struct sp_map keys = {0};
    struct sp_json **tail = &v->child;
    bool map = v->kind == SP_JSON_OBJ;
    for (;;) {
        SP_AUTO(yaml_event_delete) yaml_event_t ev = {0};
        SP_TRY(next_event(r, &ev));
        if (ev.type == YAML_MAPPING_END_EVENT || ev.type == YAML_SEQUENCE_END_EVENT)
            return 0;
        struct sp_json *item = sp_arena_new(r->arena, struct sp_json);
        if (map) {
            SP_TRY(read_key(r, item, &ev));
            if (sp_map_has(&keys, item->key))
                return fail_at(r, ev.start_mark, "the same key twice");
            sp_map_put(&keys, item->key, item);
            yaml_event_delete(&ev);
            SP_TRY(next_event(r, &ev));
        }
        size_t h = 0;
        SP_TRY(read_node(r, item, &ev, depth + 1, &h));
        if (h + 1 > *height)
            *height = h + 1;
        *tail = item;
        tail = &item->next;
        v->n++;
    }
}

// ev has the node's first event. *height: levels below it.
static int read_node(struct reader *r, struct sp_json *v, yaml_event_t *ev, size_t depth,
                     size_t *height)
{
    const yaml_char_t *anchor = NULL;
    size_t before = r->nodes;
    *height = 0;
    if (ev->type == YAML_ALIAS_EVENT)
        return read_alias(r, v, ev, depth, height);
    SP_TRY(count_node(r, 1, ev->start_mark));
    if (depth > SP_LIM_YAML_DEPTH)
        return fail_at(r, ev->start_mark, "nested too deeply");
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        anchor = ev->data.scalar.anchor;
        SP_TRY(read_scalar(r, v, ev));
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = ev->data.sequence_start.anchor;
        v->kind = SP_JSON_ARR;
        SP_TRY(core_tag(r, ev, ev->data.sequence_start.tag, CORE_TAG "seq"));
        SP_TRY(read_items(r, v, depth, height));
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = ev->data.mapping_start.anchor;
        v->kind = SP_JSON_OBJ;
        SP_TRY(core_tag(r, ev, ev->data.mapping_start.tag, CORE_TAG "map"));
        SP_TRY(read_items(r, v, depth, height));
        break;
    default:
        return fail_at(r, ev->start_mark, "expected a value");
    }
    if (anchor) {
        struct anchor *a = sp_arena_new(r->arena, struct anchor);
        *a = (struct anchor){v, r->nodes - before, *height};
        sp_map_put(&r->anchors, sp_cstr((const char *)anchor), a);
    }
    return 0;
}

static int read_stream(struct reader *r, struct sp_json *root)
{
    for (bool done = false;;) {
        SP_AUTO(yaml_event_delete) yaml_event_t ev = {0};
        size_t height;
        SP_TRY(next_event(r, &ev));
        switch (ev.type) {
        case YAML_STREAM_END_EVENT:
            return 0;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            break;
        case YAML_DOCUMENT_START_EVENT:
            if (done)
                return fail_at(r, ev.start_mark, "more than one document");
            done = true;
            break;
        default:
            SP_TRY(read_node(r, root, &ev, 1, &height));
        }
    }
}

int sp_yaml_parse(struct sp_json **out, sp_str text, struct sp_arena *arena, struct sp_yaml_at *at,
                  struct sp_err *err)
{
    if (at)
        *at = (struct sp_yaml_at){1, 1};
    if (text.n > SP_LIM_YAML_BYTES)
        return sp_fail(err, SP_ETOOBIG, "YAML of %zu bytes, more than the %zu allowed", text.n,
                       (size_t)SP_LIM_YAML_BYTES);
    struct reader r = {.arena = arena, .at = at, .err = err};
    if (!yaml_parser_initialize(&r.parser))
        return sp_fail(err, SP_EINTERNAL, "YAML: no memory");
    // Without this a byte order mark could make it UTF-16 and our line counts a lie.
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const yaml_char_t *)(text.p ? text.p : ""), text.n);
    struct sp_json *root = sp_arena_new(arena, struct sp_json); // an empty document is null
    int rc = read_stream(&r, root);
    yaml_parser_delete(&r.parser);
    sp_map_fini(&r.anchors, NULL);
    if (rc == 0)
        *out = root;
    return rc;
}

// --- front matter ---

static sp_str take_line(sp_str *rest)
{
    const char *nl = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
    size_t n = nl ? (size_t)(nl - rest->p) : rest->n;
    sp_str line = sp_sub(*rest, 0, n);
    *rest = sp_from(*rest, nl ? n + 1 : n);
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    return line;
}

bool sp_yaml_front_matter(sp_str text, sp_str *block, sp_str *body, size_t *line_off)
{
    sp_str rest = text;
    size_t lines = 0;
    if (sp_starts(rest, SP_LIT("\xef\xbb\xbf")))
        rest = sp_from(rest, 3);
    // huggingface_hub's pattern allows white space before the first line
    for (;;) {
        if (rest.n == 0)
            return false;
        sp_str line = sp_trim(take_line(&rest));
        lines++;
        if (sp_eq_lit(line, "---"))
            break;
        if (line.n)
            return false;
    }
    const char *start = rest.p;
    while (rest.n) {
        const char *at = rest.p;
        sp_str line = take_line(&rest);
        while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\t'))
            line.n--;
        if (sp_eq_lit(line, "---")) {
            *block = sp_str_of(start, (size_t)(at - start));
            *body = rest;
            *line_off = lines;
            return true;
        }
    }
    return false;
}
