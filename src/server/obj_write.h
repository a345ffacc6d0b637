// Private to obj_store: the file of one object on its way, written front to back and durable at the
// end. A large one passes the page cache by (O_DIRECT, where the file system has it): its bytes go
// to the disk while more arrive, which costs a tenth of the CPU of a cached write and its fsync,
// and a model of 100 GB does not push what is being served out of memory. One user at a time.
#ifndef SPOKE_SERVER_OBJ_WRITE_H
#define SPOKE_SERVER_OBJ_WRITE_H

#include "server/server.h"

struct obj_write;
// fd stays the caller's, open until the end. pool runs the writes; name is for messages.
int obj_write_begin(struct obj_write **out, struct sp_pool *pool, int fd, const char *name,
                    uint64_t size, struct sp_err *err);
// Where the next bytes go: *n ≥ 1 bytes, or 0 when all are there. Valid until the next call.
int obj_write_room(struct obj_write *w, char **p, size_t *n, struct sp_err *err);
int obj_write_added(struct obj_write *w, size_t n, struct sp_err *err);
int obj_write_sync(struct obj_write *w, struct sp_err *err); // all of it is durable
void obj_write_end(struct obj_write **w);                    // waits for what is under way

#endif
