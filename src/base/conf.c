// Settings of conf.def: read once from flag, environment and default, from then on looked up.
#include "base/conf.h"

#include "base/log.h"
#include "base/path.h"

#include <inttypes.h>
#include <stdlib.h>

const struct sp_conf_row sp_conf_rows[SP_CONF_N] = {
#define SP_CONF(name, type, flag, env, dflt, unit, text)                                           \
    [SP_CONF_##name] = {#name, flag, env, dflt, unit, text, SP_CT_##type},
#include "base/conf.def"
#undef SP_CONF
};

enum origin { FROM_DEFAULT, FROM_ENV, FROM_FLAG };
// Written at start-up, read-only afterwards.
static struct value {
    char *text;
    int64_t number; // INT, SIZE, DURATION, BOOL
    enum origin origin;
    char from[64];
} values[SP_CONF_N];
static bool ready;

static bool parse_number(enum sp_conf_type type, sp_str s, int64_t *out)
{
    uint64_t u;
    switch (type) {
    case SP_CT_BOOL:
    case SP_CT_ANY:
        *out = sp_parse_bool(s);
        return true;
    case SP_CT_INT:
        return sp_parse_i64(s, out);
    case SP_CT_SIZE:
        if (!sp_parse_size(s, &u) || u > INT64_MAX)
            return false;
        *out = (int64_t)u;
        return true;
    case SP_CT_DURATION:
        return sp_parse_duration(s, out);
    case SP_CT_STR:
    case SP_CT_PATH:
        break;
    }
    *out = 0;
    return true;
}

// Every numeric setting is a limit or a count: 0 means "unset", as in hf.
static bool acceptable(const struct sp_conf_row *row, sp_str text, int64_t *number)
{
    if (!parse_number(row->type, text, number))
        return false;
    bool counted = row->type == SP_CT_INT || row->type == SP_CT_SIZE || row->type == SP_CT_DURATION;
    return !counted || *number > 0;
}

static void put(enum sp_conf_id id, char *text, int64_t number, enum origin origin)
{
    free(values[id].text);
    values[id].text = text;
    values[id].number = number;
    values[id].origin = origin;
}

static char *clean(enum sp_conf_id id, const char *text)
{
    sp_str s = sp_cstr(text);
    if (id == SP_CONF_token)
        s = sp_trim(s);
    if (id == SP_CONF_endpoint) {
        while (s.n && s.p[s.n - 1] == '/')
            s.n--;
    }
    SP_AUTO_FREE char *copy = sp_str_dup(s);
    return sp_conf_rows[id].type == SP_CT_PATH ? sp_path_expand(copy) : sp_take(&copy);
}

static void set_default(enum sp_conf_id id)
{
    int64_t number = 0;
    const char *text = sp_conf_rows[id].dflt;
    if (*text)
        SP_ASSERT(parse_number(sp_conf_rows[id].type, sp_cstr(text), &number));
    put(id, sp_dup(text), number, FROM_DEFAULT);
    strcpy(values[id].from, "default");
}

static void take_env(enum sp_conf_id id)
{
    sp_str name, names = sp_cstr(sp_conf_rows[id].env);
    while (sp_split(&names, ' ', &name)) {
        char var[64];
        snprintf(var, sizeof var, "%.*s", SP_FMT(name));
        const char *text = name.n ? getenv(var) : NULL;
        if (!text || !*text)
            continue;
        // HF_HUB_DISABLE_SHARED_BLOBS=0 does not take back what HF_HUB_DISABLE_XET=1 says
        if (sp_conf_rows[id].type == SP_CT_ANY && names.n && !sp_parse_bool(sp_cstr(text)))
            continue;
        SP_AUTO_FREE char *value = clean(id, text);
        int64_t number;
        if (!acceptable(&sp_conf_rows[id], sp_cstr(value), &number)) {
            if (!sp_eq_lit(sp_cstr(text), "0"))
                sp_log("conf", WARN, "%s=%s is not a positive number; using the default %s", var,
                       text, sp_conf_rows[id].dflt);
            return;
        }
        put(id, sp_take(&value), number, FROM_ENV);
        snprintf(values[id].from, sizeof values[id].from, "env %s", var);
        return;
    }
}

// Paths that follow from others when nobody set them, as in hf.
static void derive(enum sp_conf_id id, const char *base, const char *rel)
{
    if (values[id].origin == FROM_DEFAULT)
        put(id, sp_path_join(base, rel), 0, FROM_DEFAULT);
}

static void derive_paths(void)
{
    if (values[SP_CONF_hf_home].origin == FROM_DEFAULT) {
        const char *xdg = getenv("XDG_CACHE_HOME");
        SP_AUTO_FREE char *cache = sp_path_expand(xdg && *xdg ? xdg : "~/.cache");
        put(SP_CONF_hf_home, sp_path_join(cache, "huggingface"), 0, FROM_DEFAULT);
    }
    const char *home = values[SP_CONF_hf_home].text;
    derive(SP_CONF_hub_cache, home, "hub");
    derive(SP_CONF_assets_cache, home, "assets");
    derive(SP_CONF_token_path, home, "token");
}

void sp_conf_init(void)
{
    for (int i = 0; i < SP_CONF_N; i++) {
        enum sp_conf_id id = (enum sp_conf_id)i;
        if (values[id].origin == FROM_FLAG)
            continue;
        set_default(id);
        take_env(id);
    }
    derive_paths();
    ready = true;
}

void sp_conf_set_flag(enum sp_conf_id id, const char *value)
{
    if (!ready)
        sp_conf_init();
    SP_AUTO_FREE char *text = clean(id, value);
    int64_t number;
    if (!acceptable(&sp_conf_rows[id], sp_cstr(text), &number)) {
        sp_log("conf", WARN, "--%s %s is not a positive number; ignored", sp_conf_rows[id].flag,
               value);
        return;
    }
    put(id, sp_take(&text), number, FROM_FLAG);
    snprintf(values[id].from, sizeof values[id].from, "flag --%s", sp_conf_rows[id].flag);
    derive_paths();
}

static const struct value *get(enum sp_conf_id id)
{
    SP_ASSERT((int)id >= 0 && id < SP_CONF_N);
    if (!ready)
        sp_conf_init();
    return &values[id];
}

const char *sp_conf_str(enum sp_conf_id id)
{
    return get(id)->text;
}

bool sp_conf_bool(enum sp_conf_id id)
{
    SP_ASSERT(sp_conf_rows[id].type == SP_CT_BOOL || sp_conf_rows[id].type == SP_CT_ANY);
    return get(id)->number != 0;
}

int64_t sp_conf_int(enum sp_conf_id id)
{
    return get(id)->number;
}

bool sp_conf_is_set(enum sp_conf_id id)
{
    return get(id)->origin != FROM_DEFAULT;
}

const char *sp_conf_origin(enum sp_conf_id id)
{
    return get(id)->from;
}
