// Settings (conf.def): flag > environment > default, and where each value came from.
// Read once at start-up by sp_conf_init; afterwards read-only, so thread-safe.
#ifndef SPOKE_BASE_CONF_H
#define SPOKE_BASE_CONF_H

#include "base/str.h"

enum sp_conf_id {
#define SP_CONF(name, type, flag, env, dflt, unit, text) SP_CONF_##name,
#include "base/conf.def"
#undef SP_CONF
    SP_CONF_N
};
enum sp_conf_type {
    SP_CT_STR,
    SP_CT_PATH,
    SP_CT_BOOL,
    SP_CT_ANY,
    SP_CT_INT,
    SP_CT_SIZE,
    SP_CT_DURATION
};
struct sp_conf_row {
    const char *name, *flag, *env, *dflt, *unit, *text;
    enum sp_conf_type type;
};
extern const struct sp_conf_row sp_conf_rows[SP_CONF_N];
// Reads the environment. A malformed number falls back to the default with a warning, as hf does
// for 0/unset. Idempotent.
void sp_conf_init(void);
void sp_conf_set_flag(enum sp_conf_id id, const char *value); // from the command line
const char *sp_conf_str(enum sp_conf_id id);                  // never NULL; "" = none
bool sp_conf_bool(enum sp_conf_id id);
int64_t sp_conf_int(enum sp_conf_id id);        // also SIZE and DURATION (ms)
bool sp_conf_is_set(enum sp_conf_id id);        // not from the default
const char *sp_conf_origin(enum sp_conf_id id); // "flag --x", "env HF_HOME", "default"

#endif
