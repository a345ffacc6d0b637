// What other programs leave in a cache. First byte picks the parser: 't' tree listing, 'm' note of
// a local dir, 's' lines of a shared manifest, 'e' an ETag, 'f' a folder name, all of a ref
// otherwise.
#include "cache/cache.h"
#include "cache/layout.h"
#include "cache/shared.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void tree(sp_str text)
{
    SP_AUTO(cache_tree_fini) struct cache_tree t = {0};
    struct sp_err err = {0};
    if (cache_tree_parse(&t, text, &err) < 0) {
        SP_ASSERT(err.msg[0] && t.files.n == 0);
        return;
    }
    SP_VEC_EACH (&t.files, f) {
        SP_ASSERT(sp_path_check(sp_cstr(f->path), "fuzz", NULL) == 0);
        SP_ASSERT(sp_is_hex(sp_cstr(f->blob_id), 40));
        SP_ASSERT(!f->lfs_sha256[0] || sp_is_hex(sp_cstr(f->lfs_sha256), 64));
        SP_ASSERT(!f->xet_hash[0] || sp_is_hex(sp_cstr(f->xet_hash), 64));
    }
}

static void note(sp_str text)
{
    struct cache_local_meta m;
    if (cache_local_parse(&m, text))
        SP_ASSERT(sp_is_hex(sp_cstr(m.commit), 40) && cache_etag_check(sp_cstr(m.etag), NULL) == 0);
}

static void manifest(sp_str text)
{
    sp_str line;
    while (sp_split(&text, '\n', &line)) {
        if (!cache_shared_line_ok(line))
            continue;
        SP_ASSERT(line.p[0] != '/' && sp_find(line, SP_LIT("/../")) < 0 && !sp_has_nul(line));
        SP_ASSERT(sp_find(line, SP_LIT("--")) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    sp_str rest = sp_str_of(data + 1, size - 1);
    SP_AUTO_FREE char *text = sp_str_dup(rest);
    SP_AUTO(sp_arena_fini) struct sp_arena arena = {0};
    struct cache_repo r = {0};
    const char *type;
    char *id;
    switch (data[0]) {
    case 't':
        tree(rest);
        break;
    case 'm':
        note(rest);
        break;
    case 's':
        manifest(rest);
        break;
    case 'e':
        if (cache_etag_check(rest, NULL) == 0)
            SP_ASSERT(rest.n && rest.n <= 240 && !memchr(rest.p, '/', rest.n) &&
                      !memchr(rest.p, 0, rest.n));
        break;
    case 'f':
        if (cache_layout_parse_folder(&type, &id, &arena, text))
            SP_ASSERT(type && id && strlen(id) <= strlen(text));
        break;
    default:
        if (cache_repo_init(&r, "/c", "models", text, NULL) == 0) {
            SP_ASSERT(strncmp(r.dir, "/c/models--", 11) == 0 && !strchr(r.dir + 3, '/'));
            SP_ASSERT(cache_layout_parse_folder(&type, &id, &arena, r.folder));
            SP_ASSERT(strcmp(id, text) == 0); // the folder name can be read back
        }
        cache_repo_fini(&r);
        cache_layout_rev_check(text, NULL);
    }
    return 0;
}
