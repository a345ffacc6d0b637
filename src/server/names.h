// Private: names of users and repositories.
#ifndef SPOKE_SERVER_NAMES_H
#define SPOKE_SERVER_NAMES_H

#include "meta/meta.h"

// huggingface_hub's rules for each half of a repo id: 1 to 96 of [A-Za-z0-9_.-], no "--" or "..",
// first and last one no '-' or '.', not ending in ".git". SP_EINVALID says what is wrong. what:
// "repository name".
int srv_name_check(sp_str name, const char *what, struct sp_err *err);
// The same, and not a word that begins a path of the server ("api", "datasets").
int srv_user_name_check(sp_str name, struct sp_err *err);
// "model", "dataset", "space", "" = model. SP_EUNSUPPORTED for types that come later.
int srv_type_parse(enum meta_repo_type *out, sp_str text, struct sp_err *err);

#endif
