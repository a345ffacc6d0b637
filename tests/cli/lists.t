# models, datasets and spaces: ls and info; JSON is the Hub's own answer.
server
$ spoke repos create alice/one -q && spoke repos create alice/two --private -q && spoke repos create alice/data --type dataset -q
> ...
$ spoke models ls --author alice --sort created_at -q
> alice/two
> alice/one
$ spoke models ls --author alice --search one --json
json # = 1
json 0.id = alice/one
json 0.private = false
$ spoke models ls --author alice --limit 1 -q
> alice/</(?:one|two)/>
$ spoke datasets list --author alice -q
> alice/data
$ spoke spaces ls --author alice
> No results found.
$ spoke models info alice/two --json
json id = alice/two
json private = true
$ spoke models info alice/two -q
> alice/two
$ spoke models info alice/absent
exit 4
! Error: <*>alice/absent<*>
! ...
