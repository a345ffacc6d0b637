# The life of a repository: create, tags, branches, listing, deletion.
server
$ spoke repos create alice/m --private
> ✓ Repo created
>   repo_id: alice/m
>   url: ${URL}/alice/m
$ spoke repos create alice/m
exit 10
! Error: <*>alice/m<*>
! ...
$ spoke repos create alice/m --exist-ok -q
> alice/m
$ spoke repos create bare --no-private -q
> alice/bare
$ spoke repos delete alice/bare --yes --json
json repo_id = alice/bare
$ spoke repos create alice/d --type dataset --json
json url = ${URL}/datasets/alice/d
json repo_id = alice/d
json repo_type = dataset
$ spoke repos tag create alice/m v1 -m "first"
> ✓ Tag created
>   tag: v1
>   repo_type: model
>   repo_id: alice/m
$ spoke repos branch create alice/m dev
> ✓ Branch created
>   branch: dev
>   repo_type: model
>   repo_id: alice/m
$ spoke repos branch ls alice/m -q
> dev
> main
$ spoke repo tag list alice/m --json
json # = 1
json 0.name = v1
json 0.ref = refs/tags/v1
$ spoke repos tag ls alice/m
> NAME  TARGET_COMMIT<*>  REF
> ----  <*>
> v1    <sha1>  refs/tags/v1
$ spoke repos ls -q
> alice/m
> alice/d
$ spoke repos ls --type dataset --json
json # = 1
json 0.id = alice/d
$ spoke repos tag delete alice/m v1 --yes -q
> v1
$ spoke repos tag delete alice/m v1 --yes
exit 5
! Error: <*>v1<*>
! ...
$ spoke repos branch delete alice/m dev -q
> dev
$ spoke repos delete alice/m --yes
> ✓ Repo deleted
>   repo_id: alice/m
$ spoke repos delete alice/m --yes
exit 4
! Error: <*>alice/m<*>
! ...
$ spoke repos delete alice/m --yes --missing-ok
> ✓ Nothing to delete
>   repo_id: alice/m
