# cache ls, rm, prune, verify and path on a cache with two repositories.
server
file m/w.bin size=1000000 seed=1
file d/t.txt
| text
$ spoke upload alice/m m -q && spoke upload alice/d d --type dataset -q
> ...
$ spoke download alice/m -q && spoke download datasets/alice/d -q
> </(?P<MODEL>.*)/>
> ...
$ spoke cache ls
> ID               SIZE  LAST_ACCESSED      LAST_MODIFIED      REFS
> ---------------  ----  -----------------  -----------------  ----
> dataset/alice/d  <size>  a few seconds ago  a few seconds ago  main
> model/alice/m    1.0M  a few seconds ago  a few seconds ago  main
>
> Found 2 repo(s) for a total of 2 revision(s) and 1.0M on disk.
$ spoke cache ls --filter 'size>500K' -q
> model/alice/m
$ spoke cache ls --filter 'type=dataset' --revisions --json
json # = 1
json 0.id = dataset/alice/d
json 0.refs.0 = main
$ spoke cache ls --filter 'size>>1'
exit 2
! Error: filter "size>>1": the size is not a number with K, M, G or T
! Hint: for example size>1GB, accessed>7d, modified<=2h, refs=main, type=model
$ spoke cache path alice/m w.bin
> ${MODEL}/w.bin
$ spoke cache path alice/m absent.bin
exit 3
! Error: alice/m: absent.bin at revision main is not in the cache ${HF_HOME}/hub
! Hint: spoke download alice/m absent.bin
$ spoke cache verify alice/m --json
json checked = 2
json mismatches.# = 0
# One byte is damaged.
$ chmod u+w $(readlink -f ${MODEL}/w.bin) && printf X | dd of=${MODEL}/w.bin bs=1 seek=7 conv=notrunc status=none
$ spoke cache verify alice/m
exit 17
> PATH   STATE     EXPECTED<*>
> ...
! Error: w.bin in ${MODEL} does not have the bytes that the Hub has
! Hint: spoke download alice/m --force-download fetches them again
$ spoke cache rm model/alice/m
exit 2
! Error: Cache: remove <int> entries, freeing 1.0M? Nobody can be asked here
! Hint: use --yes to skip the question
$ spoke cache rm model/alice/m --dry-run --json
json dry_run = true
exists ${MODEL}/w.bin
$ spoke cache rm model/alice/m --yes --json
json dry_run = false
absent ${HF_HOME}/hub/models--alice--m
$ spoke cache rm model/alice/m --yes
exit 3
! Error: <*>model/alice/m<*>
! ...
$ spoke cache prune --yes
> Nothing to delete.
