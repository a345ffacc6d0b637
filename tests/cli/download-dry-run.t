# --dry-run says what would come and fetches nothing.
server
file m/a.bin size=2000000
file m/b.txt
| x
$ spoke upload alice/m m -q
> ...
$ spoke download alice/m --dry-run --include '*.bin'
> [dry-run] Will download 1 files (out of 1) totalling 2.0M.
> FILE   SIZE
> -----  ----
> a.bin  2.0M
$ spoke download alice/m --dry-run --json
json # = 3
json 1.file = a.bin
json 1.size = 2000000
json 1.cached = false
$ spoke download alice/m b.txt -q
> ...
$ spoke download alice/m b.txt --dry-run
> [dry-run] Will download 0 files (out of 1) totalling 0.0.
> FILE   SIZE
> -----  ----
> b.txt  -
$ spoke cache rm model/alice/m -y -q
> 1
absent ${HF_HOME}/hub/models--alice--m/blobs/*
