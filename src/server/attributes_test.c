#include "server/attributes.h"
#include "server/git_commit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct srv_rule_steps steps = {.left = SRV_RULE_STEPS};
#define LFS(rules, path) srv_attributes_lfs(sp_cstr(rules), sp_cstr(path), &steps)
#define IGN(rules, path) srv_attributes_ignored(sp_cstr(rules), sp_cstr(path), &steps)

static void attributes(void **state)
{
    assert_true(LFS("*.bin filter=lfs diff=lfs merge=lfs -text\n", "a/b.bin"));
    assert_false(LFS("*.bin filter=lfs\n", "a/b.bin.txt"));
    assert_false(LFS("# *.bin filter=lfs\n", "b.bin"));
    assert_false(LFS("*.bin text\n", "b.bin"));
    assert_false(LFS("", "b.bin"));
    // the last line that speaks of the filter wins
    assert_false(LFS("*.bin filter=lfs\nsmall.bin -filter\n", "small.bin"));
    assert_true(LFS("*.bin filter=lfs\nsmall.bin -filter\n", "big.bin"));
    assert_true(LFS("*.bin filter=lfs\n*.bin -text\n", "big.bin"));
    assert_false(LFS("*.bin filter=lfs\n*.bin !filter\r\n", "big.bin"));
    assert_true(LFS("*.bin filter=lfs -text\r\n", "big.bin"));
    assert_true(LFS("a/*.x filter=lfs", "a/b.x"));
    assert_false(LFS("a/*.x filter=lfs", "a/c/b.x"));
    assert_true(LFS("a/**/*.x filter=lfs", "a/c/d/b.x"));
    assert_true(LFS("\"sp ace.bin\" filter=lfs", "sp ace.bin"));
    assert_false(LFS("!*.bin filter=lfs", "b.bin"));
    assert_false(LFS("*.bin\tfilter=other", "b.bin"));
}

static void default_list(void **state)
{
    static const char *const large[] = {
        "model.safetensors",       "a/b/pytorch_model.bin",         "x.parquet", "v.tar.gz",
        "events.out.tfevents.123", "saved_model/variables/v.index", "a.onnx",    "a.lfs.json",
        "tokenizer.model"};
    static const char *const small[] = {"config.json",    "README.md", "vocab.txt",
                                        "tokenizer.json", "a.py",      ".gitattributes",
                                        "saved_model.txt"};
    SP_AUTO_BUF struct sp_buf b = {0}, d = {0};
    srv_git_default_attributes(&b, META_MODEL);
    srv_git_default_attributes(&d, META_DATASET);
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
        if (!srv_attributes_lfs(sp_buf_view(&b), sp_cstr(large[i]), &steps))
            fail_msg("%s is not large", large[i]);
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        if (srv_attributes_lfs(sp_buf_view(&b), sp_cstr(small[i]), &steps))
            fail_msg("%s is large", small[i]);
    assert_false(srv_attributes_lfs(sp_buf_view(&b), SP_LIT("a.jpg"), &steps));
    assert_true(srv_attributes_lfs(sp_buf_view(&d), SP_LIT("a.jpg"), &steps));
}

static void ignored(void **state)
{
    assert_true(IGN("*.tmp\n", "a/b.tmp"));
    assert_false(IGN("*.tmp\n!keep.tmp\n", "keep.tmp"));
    assert_true(IGN("build/\n", "build/x/y"));
    assert_true(IGN("build/\n", "a/build/x"));
    assert_false(IGN("build/\n", "build"));
    assert_true(IGN("/build\n", "build/x"));
    assert_false(IGN("/build\n", "a/build/x"));
    // below an ignored folder nothing comes back
    assert_true(IGN("build/\n!build/keep\n", "build/keep"));
    assert_true(IGN("build/*\n!build/keep\n", "build/x"));
    assert_false(IGN("build/*\n!build/keep\n", "build/keep"));
    assert_false(IGN("# x\n\n   \n", "x"));
    assert_true(IGN("\\#x\n", "#x"));
    assert_true(IGN("x  \r\n", "x"));
    assert_false(IGN("", "x"));
}

// Neither many rules nor patterns that fit almost everywhere may take a worker away for long.
static void bounded(void **state)
{
    static const char *const lines[] = {"*a*a*a*a*a*a*a*a*a*a*b\n", "\n", "          \n", "# x\n",
                                        "a b\n"};
    SP_AUTO_FREE char *path = sp_alloc(4097);
    memset(path, 'a', 4096);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        SP_AUTO_BUF struct sp_buf rules = SP_BUF_MAX(SP_MIB);
        while (rules.n + 100 < SP_MIB)
            sp_buf_cstr(&rules, lines[i]);
        struct srv_rule_steps left = {.left = 30 * 1000 * 1000};
        unsigned files = 0;
        while (!left.over && files < 100) {
            srv_attributes_ignored(sp_buf_view(&rules), sp_cstr(path), &left);
            srv_attributes_lfs(sp_buf_view(&rules), sp_cstr(path), &left);
            files++;
        }
        assert_true(left.over);
        assert_true(files < 100);
    }
    struct srv_rule_steps none = {0};
    assert_false(srv_attributes_lfs(SP_LIT("*.bin filter=lfs\n"), SP_LIT("a.bin"), &none));
    assert_true(none.over);
    assert_false(steps.over);
}

static void pointers(void **state)
{
#define OID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "version https://git-lfs.github.com/spec/v1\noid sha256:" OID "\n"
    char sha256[HASH_SHA256_HEX];
    uint64_t size = 1;
    assert_true(lfs_pointer_parse(SP_LIT(HEAD "size 12345\n"), sha256, &size));
    assert_string_equal(sha256, OID);
    assert_int_equal(size, 12345);
    assert_true(lfs_pointer_parse(SP_LIT(HEAD "size 0\n"), sha256, &size));
    SP_AUTO_BUF struct sp_buf b = {0};
    lfs_pointer_write(&b, OID, 12345);
    assert_string_equal(b.p, HEAD "size 12345\n");
    static const char *const bad[] = {
        "",
        HEAD,
        HEAD "size 12345",
        HEAD "size -1\n",
        HEAD "size 012\n",
        HEAD "size 1 \n",
        HEAD "size 1\nx\n",
        HEAD "size 99999999999999999999\n",
        HEAD "size 281474976710656\n",
        "oid sha256:" OID "\nsize 1\n",
        "version https://git-lfs.github.com/spec/v1\noid sha256:ABC\nsize 1\n",
        "version https://git-lfs.github.com/spec/v1\r\noid sha256:" OID "\r\nsize 1\r\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (lfs_pointer_parse(sp_cstr(bad[i]), sha256, &size))
            fail_msg("taken for a pointer: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes), cmocka_unit_test(default_list), cmocka_unit_test(ignored),
        cmocka_unit_test(bounded),    cmocka_unit_test(pointers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
