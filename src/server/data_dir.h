// The data folder of a server (VERSION, lock, secret, spoke.db, git, objects, tmp, admin.sock).
#ifndef SPOKE_SERVER_DATA_DIR_H
#define SPOKE_SERVER_DATA_DIR_H

#include "base/base.h"

#define SRV_DATA_VERSION 1
#define SRV_SECRET_BYTES 32

struct srv_data_dir {
    char *path;
    uint8_t secret[SRV_SECRET_BYTES];
    struct sp_lock lock; // held by a server
};
// Opens the folder, makes it when it is absent or empty; SP_EUNSUPPORTED when it is newer. A folder
// that holds anything else is refused. Works beside a running server.
int srv_data_dir_open(struct srv_data_dir *out, const char *path, struct sp_err *err);
// One server per folder: SP_ELOCKED. Then sweeps tmp.
int srv_data_dir_lock(struct srv_data_dir *d, struct sp_err *err);
void srv_data_dir_fini(struct srv_data_dir *d);

#endif
