// Private to obj_store: the first form of the store, whole files objects/ab/cd/<sha256>. An object
// has its name only when its bytes had that hash and are durable. Fault points, in order:
// object.begin object.written object.fsynced object.renamed object.done.
#ifndef SPOKE_SERVER_OBJ_H
#define SPOKE_SERVER_OBJ_H

#include "server/server.h"

struct obj_store {
    char *dir; // <data>/objects
    char *tmp; // <data>/tmp, on the same file system
    struct obj_open_table *open;
    struct sp_pool *writers; // of large objects, see obj_write.h
};
// Heap. sha256 must be 64 lower-case hex digits (asserted: callers check what the wire sends).
char *obj_path(const struct obj_store *s, const char *sha256);

// Objects that are open already. Thread-safe. A source is released as any other.
struct obj_open_table *obj_open_table_new(void);
void obj_open_table_free(struct obj_open_table *t);
int obj_open_source(struct sp_source **out, struct obj_open_table *t, const char *sha256,
                    const char *path, struct sp_err *err);
void obj_open_drop(struct obj_open_table *t, const char *sha256); // replaced or removed

#endif
