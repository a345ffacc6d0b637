// The three lines that git-lfs writes, in this order and with "\n":
//   version https://git-lfs.github.com/spec/v1
//   oid sha256:<64 lower-case hex>
//   size <decimal>
// A text with extension lines or another order is an ordinary small file: no client that we know
// writes one, and a strict reading leaves no two texts for one object.
#include "server/git.h"

#define POINTER_VERSION "version https://git-lfs.github.com/spec/v1\n"
#define POINTER_OID     "oid sha256:"
#define POINTER_SIZE    "size "
#define LFS_SIZE_MAX    ((uint64_t)1 << 47) // fits the side file's 6 bytes

static bool cut_lit(sp_str *s, sp_str lit)
{
    if (!sp_starts(*s, lit))
        return false;
    *s = sp_from(*s, lit.n);
    return true;
}

bool lfs_pointer_parse(sp_str text, char sha256[HASH_SHA256_HEX], uint64_t *size)
{
    if (text.n >= LFS_POINTER_MAX || !cut_lit(&text, SP_LIT(POINTER_VERSION)) ||
        !cut_lit(&text, SP_LIT(POINTER_OID)))
        return false;
    sp_str oid = sp_sub(text, 0, HASH_SHA256_HEX - 1);
    if (!sp_is_hex(oid, HASH_SHA256_HEX - 1))
        return false;
    text = sp_from(text, oid.n);
    if (!cut_lit(&text, SP_LIT("\n" POINTER_SIZE)) || text.n < 2 || text.p[text.n - 1] != '\n')
        return false;
    sp_str digits = sp_sub(text, 0, text.n - 1);
    uint64_t n;
    if (!sp_parse_u64(digits, &n) || n > LFS_SIZE_MAX || (digits.n > 1 && digits.p[0] == '0'))
        return false;
    memcpy(sha256, oid.p, oid.n);
    sha256[oid.n] = 0;
    *size = n;
    return true;
}

void lfs_pointer_write(struct sp_buf *out, const char *sha256, uint64_t size)
{
    sp_buf_printf(out, POINTER_VERSION POINTER_OID "%s\n" POINTER_SIZE "%llu\n", sha256,
                  (unsigned long long)size);
}
