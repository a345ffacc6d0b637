// Vectors: FIPS 180-4 examples, RFC 4231 (HMAC), git hash-object.
#include "hash/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <pthread.h>

static void sha_vectors(void **state)
{
    char h[HASH_SHA256_HEX], s[HASH_SHA1_HEX];
    hash_sha256_hex(h, SP_LIT("abc"));
    assert_string_equal(h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    hash_sha256_hex(h, (sp_str){0});
    assert_string_equal(h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    hash_sha256_hex(h, SP_LIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
    assert_string_equal(h, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    uint8_t raw[HASH_SHA256_BYTES];
    hash_sha256(raw, SP_LIT("abc"));
    assert_int_equal(raw[0], 0xba);
    assert_int_equal(raw[31], 0xad);
    hash_sha1_hex(s, SP_LIT("abc"));
    assert_string_equal(s, "a9993e364706816aba3e25717850c26c9cd0d89d");
    hash_sha1_hex(s, (sp_str){0});
    assert_string_equal(s, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void a_million_a(void **state)
{
    char block[1000], h[HASH_SHA256_HEX], s[HASH_SHA1_HEX];
    memset(block, 'a', sizeof block);
    SP_AUTO(hash_fini) struct hash_ctx a = {0}, b = {0};
    for (int round = 0; round < 2; round++) { // a finished context can be started again
        hash_init(&a, HASH_SHA256);
        hash_init(&b, HASH_SHA1);
        for (int i = 0; i < 1000; i++) {
            hash_update(&a, block, sizeof block);
            hash_update(&b, block, sizeof block);
        }
        hash_final_hex(&a, h);
        hash_final_hex(&b, s);
        assert_string_equal(h, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
        assert_string_equal(s, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    }
    hash_fini(&a);
    hash_fini(&a);
}

static void git_blobs(void **state)
{
    char s[HASH_SHA1_HEX];
    hash_git_blob_hex(s, (sp_str){0});
    assert_string_equal(s, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    hash_git_blob_hex(s, SP_LIT("hello\n"));
    assert_string_equal(s, "ce013625030ba8dba906f756967f9e9ca394464a");
}

static void hmac_rfc4231(void **state)
{
    uint8_t out[HASH_SHA256_BYTES];
    char key20[20], key131[131];
    SP_AUTO_BUF struct sp_buf hex = {0};
    memset(key20, 0x0b, sizeof key20);
    memset(key131, 0xaa, sizeof key131);
    hash_hmac_sha256(out, sp_str_of(key20, 20), SP_LIT("Hi There"));
    sp_buf_hex(&hex, out, sizeof out);
    assert_string_equal(hex.p, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    sp_buf_reset(&hex);
    hash_hmac_sha256(out, SP_LIT("Jefe"), SP_LIT("what do ya want for nothing?"));
    sp_buf_hex(&hex, out, sizeof out);
    assert_string_equal(hex.p, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    sp_buf_reset(&hex);
    hash_hmac_sha256(out, sp_str_of(key131, 131),
                     SP_LIT("Test Using Larger Than Block-Size Key - Hash Key First"));
    sp_buf_hex(&hex, out, sizeof out);
    assert_string_equal(hex.p, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    sp_buf_reset(&hex);
    hash_hmac_sha256(out, (sp_str){0}, (sp_str){0});
    sp_buf_hex(&hex, out, sizeof out);
    assert_string_equal(hex.p, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void sources_and_files(void **state)
{
    struct sp_err err = {0};
    struct sp_progress p = {0};
    char h[HASH_SHA256_HEX];
    size_t n = 700 * SP_KIB + 3; // not a multiple of the buffer
    SP_AUTO_FREE char *big = sp_alloc(n);
    SP_AUTO_SOURCE struct sp_source *s = sp_source_mem(sp_str_of(big, n), "zeros");
    char want[HASH_SHA256_HEX];
    hash_sha256_hex(want, sp_str_of(big, n));
    assert_int_equal(hash_source_hex(h, HASH_SHA256, false, s, &p, NULL, &err), 0);
    assert_string_equal(h, want);
    assert_int_equal(p.hash_done, n);
    hash_git_blob_hex(want, sp_str_of(big, n));
    assert_int_equal(hash_source_hex(h, HASH_SHA1, true, s, NULL, NULL, &err), 0);
    assert_string_equal(h, want);
    assert_int_equal(hash_source_hex(h, HASH_SHA256, true, s, NULL, NULL, &err), SP_EINVALID);
    struct sp_cancel c = {0};
    sp_cancel_set(&c);
    assert_int_equal(hash_source_hex(h, HASH_SHA256, false, s, NULL, &c, &err), SP_ECANCELLED);
    assert_int_equal(hash_file_hex(h, HASH_SHA1, false, "/nonexistent", &err), SP_ENOTFOUND);
}

static void *hash_in_thread(void *ud)
{
    hash_sha256_hex(ud, SP_LIT("abc"));
    return NULL;
}

static void threads_agree(void **state)
{
    pthread_t t[8];
    char h[8][HASH_SHA256_HEX];
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&t[i], NULL, hash_in_thread, h[i]), 0);
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], NULL);
        assert_string_equal(h[i],
                            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}

static void random_differs(void **state)
{
    uint8_t a[32] = {0}, b[32] = {0};
    hash_random(a, sizeof a);
    hash_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    hash_random(a, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_agree), // first: the fetch must be safe at first use
        cmocka_unit_test(sha_vectors),       cmocka_unit_test(a_million_a),
        cmocka_unit_test(git_blobs),         cmocka_unit_test(hmac_rfc4231),
        cmocka_unit_test(sources_and_files), cmocka_unit_test(random_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
