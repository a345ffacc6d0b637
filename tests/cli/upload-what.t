# What an upload takes and where it puts it: as hf does, and where hf says nothing, with a word.
server
file m/a.txt
| a
$ ln -s nowhere m/dangling && ln -s a.txt m/link && mkdir empty
$ spoke upload alice/m m -q
> <*>
! Warning: m/dangling is a broken link and is not uploaded
$ spoke upload alice/m m --exclude 'dang*'
> ✓ Nothing changed
> ...
# A place that ends in / is a folder.
$ spoke upload alice/m m/a.txt up/ -q
> <*>
$ spoke upload alice/m m/a.txt / -q
> <*>
$ spoke models ls alice/m -R -q
> .gitattributes
> a.txt
> link
> up/
> up/a.txt
# Nothing to take is no error: the repository is there afterwards.
$ spoke upload alice/none empty --json
! Warning: empty: nothing to upload (it holds no file)
json changed = false
json files = 0
$ spoke upload alice/none m --include '*.bin'
> ✓ Nothing changed
>   url: <*>
>   commit: <sha1>
! Warning: m: nothing to upload (no file matches the patterns)
$ spoke models ls alice/none -q
> .gitattributes
# What comes later says what to do instead.
$ spoke upload alice/m m --create-pr
exit 25
! Warning: m/dangling is a broken link and is not uploaded
! Error: <*>Pull requests come later; push to a branch instead<*>
$ yes | spoke repos delete alice/none
> ✓ Repo deleted
>   repo_id: alice/none
