#!/usr/bin/env python3
"""Makes the JSON texts of this folder and checks with Python's json what it says of them.

ok/        Python takes it; <name>.out is the tree written compactly, numbers as they stood
bad/       Python refuses it
stricter/  Python takes it, spoke does not (why: see src/base/json.h)
"""
import json
import pathlib

here = pathlib.Path(__file__).parent


class Num(str):
    pass


def dump(v):
    if isinstance(v, Num):
        return str(v)
    if isinstance(v, dict):
        return "{" + ",".join(dump(k) + ":" + dump(x) for k, x in v.items()) + "}"
    if isinstance(v, list):
        return "[" + ",".join(map(dump, v)) + "]"
    return json.dumps(v, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(data):
    json.loads(data)  # integers of too many digits are refused only here
    return json.loads(data.decode("utf-8"), parse_int=Num, parse_float=Num)


OK = {
    "scalar-true": b"true", "scalar-false": b" false ", "scalar-null": b"\n\tnull\r\n",
    "zero": b"0", "minus-zero": b"-0", "int": b"1234567890", "int-big": b"9" * 400,
    "int-4300-digits": b"7" * 4300,
    "float": b"[1.5,-0.25,1e10,1E+10,1e-10,0e0,0.0,123456789.123456789e-300,1e999]",
    "long-float": b"0." + b"1" * 5000,
    "empty-string": b'""', "empty-array": b"[]", "empty-object": b"{}", "empty-spaced": b"[ ]",
    "empty-key": b'{"":1}',
    "escapes": rb'"\"\\\/\b\f\n\r\t\u0041\u00e9\u20AC\uD83D\uDE00"',
    "escape-mid-word": rb'["abcdefg\nhijklmnop\tq","\\","\\\\","x\\"]',
    "nul-in-value": rb'"a\u0000b"', "del": b'"\x7f"',
    "utf8": '["é","€","😀","\u2028","\uffff"]'.encode(), "utf8-key": '{"ключ":"значение"}'.encode(),
    "nested-64": b"[" * 64 + b"]" * 64,
    "members": b'{"a":{"b":[1,{"c":null}]},"d":[],"e":{},"f":"x"}',
    "key-prefixes": b'{"a":1,"aa":2,"aaa":3,"A":4}',
    "space": b' { "a" : [ 1 , 2 ] , "b" : { } } ',
    "many-members": ("{" + ",".join(f'"k{i}":{i}' for i in range(300)) + "}").encode(),
    "strings-of-every-length": json.dumps(["x" * n for n in range(40)]).encode(),
    "high-bytes-by-eights": json.dumps(["é" * n + '"' + "ÿ" * n for n in range(20)], ensure_ascii=False).encode(),
    "tree-entry": b'[{"type":"file","oid":"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391","size":0,"path":"a/b.txt"}]',
    "digits-then-space": b"12 ",
}
BAD = {
    "empty": b"", "space-only": b" \n", "word": b"nope", "true-short": b"tru", "true-long": b"truex",
    "capital-true": b"True", "two-values": b"1 2", "comma-after": b"[1],", "trailing-comma-array": b"[1,]",
    "trailing-comma-object": b'{"a":1,}', "leading-comma": b"[,1]", "double-comma": b"[1,,2]",
    "no-comma": b"[1 2]", "no-colon": b'{"a" 1}', "no-value": b'{"a":}', "no-value-end": b'{"a":',
    "key-unquoted": b"{a:1}", "key-number": b"{1:1}", "single-quotes": b"'a'", "open-array": b"[1",
    "open-object": b'{"a":1', "open-object-key": b'{"a"', "close-array": b"]", "mixed-close": b"[1}",
    "mixed-close-2": b'{"a":1]', "leading-zero": b"01", "minus-leading-zero": b"-01", "plus": b"+1",
    "minus": b"-", "dot-first": b".5", "dot-last": b"1.", "exp-empty": b"1e", "exp-sign": b"1e+",
    "dot-exp": b"1.e1", "hex": b"0x10", "underscore": b"1_0", "minus-space": b"- 1",
    "int-4301-digits": b"7" * 4301,
    "string-open": b'"abc', "string-newline": b'"a\nb"', "string-tab": b'"a\tb"', "string-nul": b'"a\x00b"',
    "string-control-after-8": b'"abcdefgh\x1fi"',
    "escape-unknown": rb'"\x41"', "escape-end": b'"\\', "escape-quote-end": b'"abc\\"',
    "unicode-short": rb'"\u12"', "unicode-no-hex": rb'"\u12g4"', "unicode-end": b'"\\u', "unicode-sign": rb'"\u+123"',
    "nul-after": b"1\x00", "bom-inside": b"[\xef\xbb\xbf1]", "comment": b"[1] // x", "comment-c": b"/* */ 1",
    "utf8-truncated": b'"\xc3"', "utf8-overlong": b'"\xc0\xaf"', "utf8-surrogate": b'"\xed\xa0\x80"',
    "utf8-too-high": b'"\xf4\x90\x80\x80"', "utf8-continuation": b'"\x80"', "utf8-latin1": b'"caf\xe9"',
    "utf8-outside": b"\xc3\xa9", "vertical-tab": b"\x0b1", "form-feed": b"\x0c1", "nbsp": b"\xc2\xa01",
}
STRICTER = {
    "nan": b"NaN", "infinity": b"[Infinity]", "minus-infinity": b"-Infinity",
    "duplicate-key": b'{"a":1,"b":2,"a":3}',
    "duplicate-key-escaped": rb'{"a":1,"\u0061":3}',
    "duplicate-key-of-300": ("{" + ",".join(f'"k{i % 299}":{i}' for i in range(300)) + "}").encode(),
    "lone-high-surrogate": rb'"\ud800"', "lone-low-surrogate": rb'"\udc00"',
    "high-then-text": rb'"\ud800abcdef"', "high-then-high": rb'"\ud800\ud800"',
    "nul-in-key": rb'{"a\u0000":1}', "nested-65": b"[" * 65 + b"]" * 65,
    "bom": b"\xef\xbb\xbf1",
}


def main():
    for name, data in OK.items():
        (here / "ok" / f"{name}.json").write_bytes(data)
        (here / "ok" / f"{name}.out").write_bytes(dump(read(data)).encode())
    for name, data in BAD.items():
        try:
            if data.startswith(b"\xef\xbb\xbf"):
                raise ValueError
            read(data)
        except (ValueError, UnicodeDecodeError):
            (here / "bad" / f"{name}.json").write_bytes(data)
            continue
        raise SystemExit(f"Python takes {name}")
    for name, data in STRICTER.items():
        json.loads(data)  # takes bytes, so also a byte order mark
        (here / "stricter" / f"{name}.json").write_bytes(data)


main()
