// Private: the running server.
#ifndef SPOKE_SERVER_SERVE_H
#define SPOKE_SERVER_SERVE_H

#include "server/data_dir.h"
#include "server/opts.h"

int srv_serve_main(int argc, char **argv); // arguments after "serve"; returns the exit status
int srv_admin_main(int argc, char **argv); // arguments after "admin"
// "Error: …" and the hint on stderr; returns the exit status of the code.
int srv_exit_error(const struct sp_err *err);

// ---- access.c

void srv_access_init(bool json);

// ---- sweep.c: at the start, under the lock: half-made repositories and folders without a row go;
// a folder that is newer than the database is put aside.

int srv_sweep(struct srv *s, struct sp_err *err);

// ---- first.c: the first user of a container, SPOKE_ADMIN_USER and SPOKE_ADMIN_TOKEN_FILE.

int srv_first_user(struct srv *s, struct sp_err *err);

// ---- control.c: admin.sock, by which `spoke admin` tells the server what it has changed.

struct srv_control;
int srv_control_start(struct srv_control **out, struct srv *s, struct sp_err *err);
void srv_control_stop(struct srv_control **c);
// Says "drop" to the server of this data folder: 1 = done, 0 = no server runs, <0 = one runs and
// does not answer.
int srv_control_drop(const char *data_dir, struct sp_err *err);

// ---- upkeep.c: one thread for what is due once a minute.

struct srv_upkeep;
struct srv_upkeep *srv_upkeep_start(struct srv *s);
void srv_upkeep_stop(struct srv_upkeep **u);

// ---- tokens (token.c)

#define SRV_TOKEN_CHARS 37 // "hf_" and 34 letters and digits
char *srv_token_new(void); // heap
// One line of a file or, for "-", of standard input. SP_EINVALID for what cannot be a token.
int srv_token_read(char **out, const char *path, struct sp_err *err);

#endif
