// Options of `spoke serve` (settings.def) and a small reader of command lines, also for `spoke
// admin`.
#ifndef SPOKE_SERVER_OPTS_H
#define SPOKE_SERVER_OPTS_H

#include "server/server.h"

struct srv_opts {
    char *data, *listen, *public_url, *base_path, *tls_cert, *tls_key, *trusted_proxies,
        *cors_origin;
    char *log_format;
    bool proxy_protocol;
    struct srv_limits limits;
    struct http_limits http;
    bool routes, json, help; // flags without an environment variable
};
// argv without the program and "serve". Strings are on the heap. SP_EUSAGE names the word.
int srv_opts_parse(struct srv_opts *out, int argc, char **argv, struct sp_err *err);
void srv_opts_fini(struct srv_opts *o);
void srv_opts_help(struct sp_buf *out);

// One word of a command line: a switch (on) or an option with a value ("--x V" or "--x=V").
struct srv_flag {
    const char *name;
    const char **value;
    bool *on;
};
// Options may stand anywhere; the other words land in words (at most max). "--" ends the options.
int srv_flags_parse(const struct srv_flag *flags, size_t flags_n, int argc, char **argv,
                    const char **words, size_t *words_n, size_t max, struct sp_err *err);

#endif
