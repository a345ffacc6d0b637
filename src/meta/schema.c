// The migrations, oldest first: step i brings the file from version i to i + 1. A step that was
// released is never changed again; what comes new is a new step at the end. All run in one
// transaction.
#include "meta/sqlite.h"

static const char schema_1[] =
    // AUTOINCREMENT: an id is never given twice. A repository's id names its git folder, so a
    // folder that outlives its row can never be taken for that of a later repository.
    "CREATE TABLE users ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " name TEXT NOT NULL UNIQUE COLLATE NOCASE,"
    " fullname TEXT NOT NULL,"
    " email TEXT,"
    " created_ms INTEGER NOT NULL) STRICT;"

    // mac: HMAC-SHA-256 of the token under the data folder's secret. expires_ms 0 = never.
    "CREATE TABLE tokens ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " user_id INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,"
    " name TEXT NOT NULL,"
    " role INTEGER NOT NULL CHECK (role IN (1, 2)),"
    " mac BLOB NOT NULL UNIQUE CHECK (length(mac) = 32),"
    " created_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL,"
    " UNIQUE (user_id, name)) STRICT;"

    // key: lower case of "ns/name", so that two names that differ by case only clash. ready 0: the
    // git folder is not durable yet. head, updated_ms, card, used_bytes: what git says of main,
    // valid while head equals the ref; head '' = never looked at.
    "CREATE TABLE repos ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " hex_id TEXT NOT NULL UNIQUE,"
    " type INTEGER NOT NULL CHECK (type BETWEEN 0 AND 2),"
    " ns TEXT NOT NULL,"
    " name TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " owner_id INTEGER NOT NULL REFERENCES users(id),"
    " ready INTEGER NOT NULL,"
    " private INTEGER NOT NULL,"
    " sdk TEXT,"
    " created_ms INTEGER NOT NULL,"
    " updated_ms INTEGER NOT NULL,"
    " head TEXT NOT NULL DEFAULT '',"
    " card TEXT,"
    " used_bytes INTEGER NOT NULL DEFAULT 0,"
    " downloads INTEGER NOT NULL DEFAULT 0,"
    " likes INTEGER NOT NULL DEFAULT 0,"
    " UNIQUE (type, key)) STRICT;"
    "CREATE INDEX repos_owner ON repos(owner_id);"
    "CREATE INDEX repos_created ON repos(type, created_ms, id);"
    "CREATE INDEX repos_updated ON repos(type, updated_ms, id);"
    "CREATE INDEX repos_downloads ON repos(type, downloads, id);"

    "CREATE TABLE repo_tags ("
    " repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE,"
    " tag TEXT NOT NULL,"
    " PRIMARY KEY (repo_id, tag)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX repo_tags_tag ON repo_tags(tag);"

    // Which repository keeps which large object alive, and may read it.
    "CREATE TABLE repo_objects ("
    " repo_id INTEGER NOT NULL REFERENCES repos(id) ON DELETE CASCADE,"
    " sha256 BLOB NOT NULL CHECK (length(sha256) = 32),"
    " size INTEGER NOT NULL,"
    " PRIMARY KEY (repo_id, sha256)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX repo_objects_sha256 ON repo_objects(sha256);";

const char *const meta_schema[] = {schema_1};
const int meta_schema_n = sizeof meta_schema / sizeof *meta_schema;
