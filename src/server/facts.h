// Private: what a commit says about its repository: date, card, tags.
#ifndef SPOKE_SERVER_FACTS_H
#define SPOKE_SERVER_FACTS_H

#include "server/server.h"

struct srv_facts {
    char sha[41];
    int64_t date_ms;
    const struct sp_json *card; // front matter of README.md; NULL = none, or not readable
};
int srv_facts_read(struct srv_facts *out, struct srv *s, int64_t repo_id, const char *commit,
                   struct sp_arena *a, struct sp_err *err);
// The same from the row, when it speaks of this commit; false = it does not.
bool srv_facts_cached(struct srv_facts *out, const struct meta_repo *r, const char *commit,
                      struct sp_arena *a);
// Tags by which the Hub lists a repository: of the card ("license:mit", "en", "dataset:squad"),
// without doubles, at most SRV_TAGS_MAX.
#define SRV_TAGS_MAX 500
struct srv_tags {
    sp_str v[SRV_TAGS_MAX];
    size_t n;
};
void srv_facts_tags(struct srv_tags *out, enum meta_repo_type type, const char *sdk,
                    const struct sp_json *card, struct sp_arena *a);
// Brings the rows of all repositories up to date with git; work of the start, in the background.
void srv_facts_refresh_all(struct srv *s);

#endif
