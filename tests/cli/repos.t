# The life of a repository: create, tags, branches, listing, deletion.
server
$ spoke repos create alice/m --private
> ✓ Repository created
>   url: ${URL}/alice/m
>   repo_id: alice/m
>   type: model
$ spoke repos create alice/m
exit 10
! Error: <*>alice/m<*>
! ...
$ spoke repos create alice/m --exist-ok -q
> ${URL}/alice/m
$ spoke repos create alice/d --type dataset --json
json url = ${URL}/datasets/alice/d
json type = dataset
$ spoke repos tag create alice/m v1 -m "first"
> ✓ Tag created
>   repo_id: alice/m
>   type: model
>   tag: v1
$ spoke repos branch create alice/m dev
> ✓ Branch created
>   repo_id: alice/m
>   type: model
>   branch: dev
$ spoke repos branch ls alice/m -q
> dev
> main
$ spoke repo tag list alice/m --json
json # = 1
json 0.name = v1
json 0.ref = refs/tags/v1
$ spoke repos ls -q
> alice/m
> alice/d
$ spoke repos ls --type dataset --json
json # = 1
json 0.id = alice/d
$ spoke repos tag delete alice/m v1 --yes -q
> alice/m
$ spoke repos tag delete alice/m v1 --yes
exit 5
! Error: <*>v1<*>
! ...
$ spoke repos branch delete alice/m dev -q
> alice/m
$ spoke repos delete alice/m --yes
> ✓ Repository deleted
>   repo_id: alice/m
>   type: model
$ spoke repos delete alice/m --yes
exit 4
! Error: <*>alice/m<*>
! ...
$ spoke repos delete alice/m --yes --missing-ok
> ✓ Nothing to delete
>   repo_id: alice/m
>   type: model
