// YAML (libyaml) into the same tree as JSON: scalars are typed by the YAML 1.1 core rules that
// PyYAML safe_load uses for null, bool, int, float; everything else is a string. Aliases are
// expanded within a node budget; tags other than the core ones, duplicate keys and non-string keys
// are refused.
#ifndef SPOKE_BASE_YAML_H
#define SPOKE_BASE_YAML_H

#include "base/json.h"

// Where an error lies: 1-based line and column in the text that was given.
struct sp_yaml_at {
    size_t line, column;
};
int sp_yaml_parse(struct sp_json **out, sp_str text, struct sp_arena *arena, struct sp_yaml_at *at,
                  struct sp_err *err);
// Front matter of a card: the block between a first line "---" and the next "---" line; false =
// none. *body = the rest, *line_off = lines before the block (for messages).
bool sp_yaml_front_matter(sp_str text, sp_str *block, sp_str *body, size_t *line_off);

#endif
