# models, datasets and spaces: ls and info; keys are those of hf.
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
json 0.gated = false
json 0.author = alice
$ spoke models ls --author alice --limit 1 -q
> alice/</(?:one|two)/>
mark
$ spoke models ls --author alice --limit 0
> No results found.
$ spoke models ls --author alice --limit 0 --json
> []
requests
$ spoke datasets list --author alice -q
> alice/data
$ spoke spaces ls --author alice
> No results found.
$ spoke models info alice/two --json
json id = alice/two
json private = true
$ spoke models ls alice/two
>         1519  </\S+ \S+/>  .gitattributes
$ spoke models ls alice/two --json
json # = 1
json 0.path = .gitattributes
json 0.size = 1519
json 0.last_commit.title = initial commit
$ spoke models ls alice/two --no-recursive -q --revision main
> .gitattributes
$ spoke models ls alice/two --tree -h
> 1.5 KB  </[A-Z][a-z][a-z] .. ..:../>  └── .gitattributes
$ spoke models info alice/two -q
> alice/two
$ spoke models info alice/absent
exit 4
! Error: <*>alice/absent<*>
! ...
