// Front matter of a README: as JSON, and what in it is not as the Hub wants it.
#include "server/card.h"

// What a field may be. Fields that are not listed may be anything: cards carry fields of many
// tools.
enum kind { STRING = 1, STRINGS = 2, MAPPINGS = 4, MAPPING = 8 };
static const struct {
    const char *name;
    unsigned kinds; // STRINGS: a list of strings
    const char *text;
} fields[] = {
    {"license", STRING | STRINGS, "a string or a list of strings"},
    {"license_name", STRING, "a string"},
    {"license_link", STRING, "a string"},
    {"language", STRING | STRINGS, "a string or a list of strings"},
    {"tags", STRINGS, "a list of strings"},
    {"library_name", STRING, "a string"},
    {"pipeline_tag", STRING, "a string"},
    {"datasets", STRING | STRINGS, "a string or a list of strings"},
    {"models", STRING | STRINGS, "a string or a list of strings"},
    {"metrics", STRINGS | STRING | MAPPINGS, "a list of strings"},
    {"base_model", STRING | STRINGS, "a string or a list of strings"},
    {"thumbnail", STRING, "a string"},
    {"pretty_name", STRING, "a string"},
    {"task_categories", STRING | STRINGS, "a list of strings"},
    {"task_ids", STRING | STRINGS, "a list of strings"},
    {"size_categories", STRING | STRINGS, "a list of strings"},
    {"configs", MAPPINGS, "a list of mappings"},
    {"dataset_info", MAPPING | MAPPINGS, "a mapping or a list of mappings"},
    {"model-index", MAPPINGS, "a list of mappings"},
    {"sdk", STRING, "a string"},
    {"title", STRING, "a string"},
};

static bool all_of(const struct sp_json *v, enum sp_json_kind kind)
{
    SP_JSON_EACH(it, v)
    if (!sp_json_is(it, kind))
        return false;
    return true;
}

static bool fits(const struct sp_json *v, unsigned kinds)
{
    switch (v->kind) {
    case SP_JSON_NULL: // "license:" with nothing behind it
        return true;
    case SP_JSON_STR:
        return kinds & STRING;
    case SP_JSON_OBJ:
        return kinds & MAPPING;
    case SP_JSON_ARR:
        return (kinds & STRINGS && all_of(v, SP_JSON_STR)) ||
               (kinds & MAPPINGS && all_of(v, SP_JSON_OBJ));
    default:
        return false;
    }
}

static void message(struct sp_jw *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void message(struct sp_jw *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    SP_AUTO_BUF struct sp_buf b = {0};
    sp_buf_vprintf(&b, fmt, ap);
    va_end(ap);
    sp_jw_obj(w);
    sp_jw_kstr(w, "message", sp_buf_view(&b));
    sp_jw_end(w);
}

static unsigned check_fields(struct sp_jw *w, const struct sp_json *card)
{
    unsigned errors = 0;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct sp_json *v = sp_json_get(card, fields[i].name);
        if (!v || fits(v, fields[i].kinds))
            continue;
        message(w, "\"%s\" must be %s", fields[i].name, fields[i].text);
        errors++;
    }
    return errors;
}

static unsigned check_block(struct sp_jw *w, sp_str block, size_t line_off)
{
    SP_AUTO(sp_arena_fini) struct sp_arena a = {0};
    struct sp_json *card;
    struct sp_yaml_at at = {0};
    struct sp_err why = {0};
    if (sp_yaml_parse(&card, block, &a, &at, &why) < 0) {
        // The reader counts lines of the block; people look into the file.
        const char *text = strncmp(why.msg, "YAML line ", 10) == 0 ? strstr(why.msg, ": ") : NULL;
        message(w, "YAML Metadata Error: line %zu, column %zu: %s", at.line + line_off, at.column,
                text ? text + 2 : why.msg);
        return 1;
    }
    if (sp_json_is(card, SP_JSON_NULL))
        return 0;
    if (!sp_json_is(card, SP_JSON_OBJ)) {
        message(w, "the metadata between the two --- lines must be a mapping (key: value)");
        return 1;
    }
    return check_fields(w, card);
}

int srv_card_check(struct sp_buf *out, sp_str readme, enum meta_repo_type type, struct sp_err *err)
{
    sp_str block, body;
    size_t line_off;
    unsigned errors = 0;
    struct sp_jw w = sp_jw(out);
    sp_jw_obj(&w);
    sp_jw_key(&w, "errors");
    sp_jw_arr(&w);
    bool has = sp_yaml_front_matter(readme, &block, &body, &line_off);
    if (has)
        errors = check_block(&w, block, line_off);
    sp_jw_end(&w);
    sp_jw_key(&w, "warnings");
    sp_jw_arr(&w);
    if (!has)
        message(&w, "empty or missing yaml metadata in repo card of this %s",
                type == META_DATASET ? "dataset"
                : type == META_SPACE ? "space"
                                     : "model");
    sp_jw_end(&w);
    sp_jw_end(&w);
    SP_TRY(sp_buf_done(out, "the answer", err));
    return errors ? 1 : 0;
}
