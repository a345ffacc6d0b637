// Private to obj_store: the first form of the store, whole files objects/ab/cd/<sha256>. An object
// has its name only when its bytes had that hash and are durable. Fault points, in order:
// object.begin object.written object.fsynced object.renamed object.done.
#ifndef SPOKE_SERVER_OBJ_H
#define SPOKE_SERVER_OBJ_H

#include "server/server.h"

struct obj_store {
    char *dir; // <data>/objects
    char *tmp; // <data>/tmp, on the same file system
};
// Heap. sha256 must be 64 lower-case hex digits (asserted: callers check what the wire sends).
char *obj_path(const struct obj_store *s, const char *sha256);

#endif
