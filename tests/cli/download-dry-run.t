# --dry-run says what would come and fetches nothing.
server
file m/a.bin size=2000000
file m/b.txt
| x
$ spoke upload alice/m m -q
> ...
$ spoke download alice/m --dry-run --include '*.bin'
> FILE   SIZE  CACHED
> -----  ----  ------
> a.bin  2.0M
>
> [dry-run] Would fetch 1 of 1 files: 2.0M of 2.0M.
$ spoke download alice/m --dry-run --json
json # = 3
json 1.file = a.bin
json 1.size = 2000000
json 1.cached = false
absent ${HF_HOME}/hub/models--alice--m/blobs/*
