// Routes as a tree of raw path segments; they are decoded after the match, so %2F stays in its
// segment.
/*
 * Segment trie. A node has edges: literals, then those of a list {kind:a|b}, which capture, then
 * parameters with a fixed suffix, then one plain parameter, then "the rest". Edges are tried in
 * that order with backtracking; names of parameters belong to the route, so two patterns may name
 * the same position differently.
 */
#include "net/http.h"

#include "net/http_parse.h"

enum edge_kind { EDGE_LITERAL, EDGE_SUFFIX, EDGE_PARAM, EDGE_REST };

struct edge {
    enum edge_kind kind;
    bool captures;
    sp_str text; // literal or suffix; view into the pattern
    struct node *to;
};
struct leaf {
    const struct http_route *route;
    sp_str names[HTTP_PARAMS_MAX];
    size_t names_n;
};
struct node {
    SP_VEC(struct edge) edges; // sorted by rank
    SP_VEC(struct leaf) leaves;
};
struct http_router {
    struct node root;
};

static void node_fini(struct node *n)
{
    SP_VEC_EACH (&n->edges, e) {
        node_fini(e->to);
        free(e->to);
    }
    sp_vec_fini(&n->edges);
    sp_vec_fini(&n->leaves);
}

void http_router_free(struct http_router *r)
{
    if (!r)
        return;
    node_fini(&r->root);
    free(r);
}

// Order of trying. "/spaces/quota" is tried before "/{kind:models|spaces}/{name}".
static int rank(const struct edge *e)
{
    return (int)e->kind * 2 + e->captures;
}

static struct node *follow(struct node *from, enum edge_kind kind, bool captures, sp_str text)
{
    SP_VEC_EACH (&from->edges, e)
        if (e->kind == kind && e->captures == captures && sp_eq(e->text, text))
            return e->to;
    struct edge made = {
        .kind = kind, .captures = captures, .text = text, .to = sp_new(struct node)};
    struct node *to = made.to;
    (void)sp_vec_push(&from->edges);
    size_t at = from->edges.n - 1;
    for (; at > 0 && rank(&from->edges.v[at - 1]) > rank(&made); at--)
        from->edges.v[at] = from->edges.v[at - 1];
    from->edges.v[at] = made;
    return to;
}

static int add_leaf(struct node *at, const struct leaf *leaf, struct sp_err *err)
{
    SP_VEC_EACH (&at->leaves, l)
        if (l->route->methods & leaf->route->methods)
            return sp_fail(err, SP_EINVALID, "routes \"%s\" and \"%s\" are the same",
                           l->route->pattern, leaf->route->pattern);
    *sp_vec_push(&at->leaves) = *leaf;
    return 0;
}

static int add_segments(struct node *at, sp_str rest, struct leaf *leaf, struct sp_err *err);

static int add_name(struct leaf *leaf, sp_str name, struct sp_err *err)
{
    if (leaf->names_n == HTTP_PARAMS_MAX)
        return sp_fail(err, SP_EINVALID, "route \"%s\": more than %d parameters",
                       leaf->route->pattern, HTTP_PARAMS_MAX);
    leaf->names[leaf->names_n++] = name;
    return 0;
}

static int add_parameter(struct node *at, sp_str segment, sp_str rest, bool last, struct leaf *leaf,
                         struct sp_err *err)
{
    ptrdiff_t close = sp_find_ch(segment, '}');
    if (close < 2)
        return sp_fail(err, SP_EINVALID, "route \"%s\": bad parameter", leaf->route->pattern);
    sp_str name = sp_sub(segment, 1, (size_t)close - 1),
           suffix = sp_from(segment, (size_t)close + 1);
    ptrdiff_t colon = sp_find_ch(name, ':'), dot = sp_find_ch(name, '.');
    if (colon >= 0) {
        sp_str one, list = sp_from(name, (size_t)colon + 1);
        SP_TRY(add_name(leaf, sp_sub(name, 0, (size_t)colon), err));
        while (sp_split(&list, '|', &one)) {
            struct leaf copy = *leaf;
            SP_TRY(add_segments(follow(at, EDGE_LITERAL, true, one), rest, &copy, err));
        }
        return 0;
    }
    if (sp_ends(name, SP_LIT("*"))) {
        if (!last || suffix.n)
            return sp_fail(err, SP_EINVALID, "route \"%s\": {x*} must stand at the end",
                           leaf->route->pattern);
        SP_TRY(add_name(leaf, sp_sub(name, 0, name.n - 1), err));
        return add_leaf(follow(at, EDGE_REST, true, (sp_str){0}), leaf, err);
    }
    if (dot >= 0 && suffix.n == 0) { // {name.git}: the suffix is what stands behind the first dot
        suffix = sp_from(name, (size_t)dot);
        name = sp_sub(name, 0, (size_t)dot);
    }
    SP_TRY(add_name(leaf, name, err));
    return add_segments(follow(at, suffix.n ? EDGE_SUFFIX : EDGE_PARAM, true, suffix), rest, leaf,
                        err);
}

// rest: "/seg/seg", "" = the end.
static int add_segments(struct node *at, sp_str rest, struct leaf *leaf, struct sp_err *err)
{
    if (rest.n == 0)
        return add_leaf(at, leaf, err);
    if (rest.p[0] != '/')
        return sp_fail(err, SP_EINVALID, "route \"%s\" must begin with /", leaf->route->pattern);
    rest = sp_from(rest, 1);
    ptrdiff_t slash = sp_find_ch(rest, '/');
    sp_str segment = slash < 0 ? rest : sp_sub(rest, 0, (size_t)slash);
    sp_str after = slash < 0 ? (sp_str){0} : sp_from(rest, (size_t)slash);
    if (segment.n && segment.p[0] == '{')
        return add_parameter(at, segment, after, slash < 0, leaf, err);
    return add_segments(follow(at, EDGE_LITERAL, false, segment), after, leaf, err);
}

int http_router_new(struct http_router **out, const struct http_route *rows, size_t n,
                    struct sp_err *err)
{
    struct http_router *r = sp_new(struct http_router);
    for (size_t i = 0; i < n; i++) {
        struct leaf leaf = {.route = &rows[i]};
        int rc = add_segments(&r->root, sp_cstr(rows[i].pattern), &leaf, err);
        if (rc < 0) {
            http_router_free(r);
            return rc;
        }
    }
    *out = r;
    return 0;
}

struct match {
    enum http_method method;
    unsigned allow;
    sp_str values[HTTP_PARAMS_MAX]; // raw
    size_t n;
    const struct leaf *found;
};

static bool match_leaf(struct match *m, const struct node *at)
{
    for (size_t i = 0; i < at->leaves.n; i++) {
        const struct leaf *l = &at->leaves.v[i];
        m->allow |= l->route->methods;
        if (l->route->methods & m->method) {
            m->found = l;
            return true;
        }
    }
    return false;
}

static bool edge_takes(const struct edge *e, sp_str segment, sp_str *value)
{
    *value = segment;
    switch (e->kind) {
    case EDGE_LITERAL:
        return sp_eq(e->text, segment);
    case EDGE_SUFFIX:
        value->n -= segment.n > e->text.n ? e->text.n : 0;
        return segment.n > e->text.n && sp_ends(segment, e->text);
    case EDGE_PARAM:
        return segment.n > 0;
    case EDGE_REST:
        break;
    }
    return false;
}

// rest begins with '/' or is empty.
static bool match_node(struct match *m, const struct node *at, sp_str rest)
{
    if (rest.n == 0 && match_leaf(m, at))
        return true;
    sp_str body = sp_from(rest, rest.n ? 1 : 0);
    ptrdiff_t slash = sp_find_ch(body, '/');
    sp_str segment = slash < 0 ? body : sp_sub(body, 0, (size_t)slash);
    sp_str after = slash < 0 ? (sp_str){0} : sp_from(body, (size_t)slash);
    for (size_t i = 0; i < at->edges.n; i++) {
        const struct edge *e = &at->edges.v[i];
        sp_str value = body;
        if (e->kind != EDGE_REST && (rest.n == 0 || !edge_takes(e, segment, &value)))
            continue;
        size_t kept = m->n;
        if (e->captures) {
            if (m->n == HTTP_PARAMS_MAX)
                continue;
            m->values[m->n++] = value;
        }
        if (e->kind == EDGE_REST ? match_leaf(m, e->to) : match_node(m, e->to, after))
            return true;
        m->n = kept;
    }
    return false;
}

// "." and ".." as part of a decoded path climb out of whatever the handler joins it to.
static bool climbs(sp_str path)
{
    sp_str part, rest = path;
    if (!memchr(path.p ? path.p : "", '.', path.n))
        return false;
    while (sp_split(&rest, '/', &part))
        if (sp_eq_lit(part, ".") || sp_eq_lit(part, ".."))
            return true;
    return false;
}

static int decode(struct http_req *q, sp_str raw, sp_str *out, struct sp_err *err)
{
    if (!http_encoding_valid(raw, false))
        return sp_fail(err, SP_EFORMAT, "the path is not percent-encoded UTF-8");
    *out = http_percent_decode(q->arena, raw, false);
    if (climbs(*out))
        return sp_fail(err, SP_EFORMAT, "the path holds a \".\" or \"..\" segment");
    return 0;
}

int http_router_match(const struct http_router *r, struct http_req *q, unsigned *allow_out,
                      struct sp_err *err)
{
    struct match m = {.method = q->method};
    if (!match_node(&m, &r->root, q->path)) {
        if (!m.allow)
            return sp_fail(err, SP_ENOROUTE, "no such route: %.*s",
                           q->path.n > 200 ? 200 : (int)q->path.n, q->path.n ? q->path.p : "");
        *allow_out = m.allow;
        return sp_fail(err, SP_EMETHOD, "this path does not take that method");
    }
    struct http_param params[HTTP_PARAMS_MAX];
    SP_ASSERT(m.n == m.found->names_n);
    for (size_t i = 0; i < m.n; i++) {
        params[i].name = m.found->names[i];
        SP_TRY(decode(q, m.values[i], &params[i].value, err));
    }
    memcpy(q->params, params, m.n * sizeof *params);
    q->params_n = m.n;
    q->route = m.found->route;
    return 0;
}

sp_str http_param(const struct http_req *q, const char *name)
{
    sp_str want = sp_cstr(name);
    for (size_t i = 0; i < q->params_n; i++)
        if (sp_eq(q->params[i].name, want))
            return q->params[i].value;
    return (sp_str){0};
}
