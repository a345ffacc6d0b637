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
$ spoke cache ls --limit 0
> No results found.
$ spoke cache ls --limit 1 --sort size -q
> model/alice/m
$ spoke cache ls --filter 'size>500K' -q
> model/alice/m
$ spoke cache ls --filter 'type=dataset' --revisions --json
json # = 1
json 0.id = dataset/alice/d
json 0.repo_id = alice/d
json 0.repo_type = dataset
json 0.refs.0 = main
$ spoke cache ls --filter 'type=dataset'
> ID<*>
> ---<*>
> dataset/alice/d  <*>
>
> Found 1 repo(s) for a total of 1 revision(s) and <size> on disk.
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
json repo_id = alice/m
json repo_type = model
json path = ${MODEL}
$ spoke cache verify alice/m -q
> alice/m
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
>   - model/alice/m (entire repo)
> About to delete 1 repo(s) and 1 revision(s) totalling 1.0M.
! Error: Proceed with deletion? Nobody can be asked here
! Hint: use --yes to skip the question
# A pipe may answer, with y or yes and nothing that only begins so.
$ echo yuri/other | spoke cache rm model/alice/m
exit 24
> ...
! Error: aborted
exists ${MODEL}/w.bin
$ spoke cache rm model/alice/m --dry-run --json
json dry_run = true
json repos = 1
json revisions = 1
exists ${MODEL}/w.bin
$ spoke cache rm model/alice/m --yes --json
json repos_deleted = 1
json revisions_deleted = 1
absent ${HF_HOME}/hub/models--alice--m
$ spoke cache rm model/alice/m --yes
> Nothing to delete.
! Warning: model/alice/m is not in the cache ${HF_HOME}/hub
$ spoke cache prune --yes
> No unreferenced revisions, partial downloads or orphan blobs found. Nothing to prune.
# A revision without a ref goes; what is there of two targets goes although the other is not.
$ rm ${HF_HOME}/hub/datasets--alice--d/refs/main
$ spoke cache prune --dry-run -q
> True
$ spoke cache prune --yes --json
json revisions_deleted = 1
json incomplete_deleted = 0
absent ${HF_HOME}/hub/datasets--alice--d/snapshots/*
$ spoke download alice/m w.bin -q
> ...
$ spoke cache rm model/alice/m hf://alice/m/w.bin --yes
exit 2
! Error: <*>
! ...
$ spoke cache rm model/alice/none hf://alice/m/w.bin --yes --json
! Warning: model/alice/none is not in the cache ${HF_HOME}/hub
json files_deleted = 1
