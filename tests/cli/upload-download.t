# A folder goes up in one commit and comes back; the second time nothing moves.
server
file m/config.json
| {"a": 1}
file m/sub/notes.txt
| hello
file m/w.safetensors size=300000
$ spoke upload alice/m m --private --commit-message "first" --json
json changed = true
json files = 3
json lfs_sent = 1
json bytes_sent = 300015
$ spoke upload alice/m m
> ✓ Nothing changed
>   url: <*>
>   commit: <sha1>
$ spoke download alice/m
> ✓ Downloaded
>   path: ${HF_HOME}/hub/models--alice--m/snapshots/</(?P<SHA>[0-9a-f]{40})/>
same m/w.safetensors ${HF_HOME}/hub/models--alice--m/snapshots/${SHA}/w.safetensors
same m/sub/notes.txt ${HF_HOME}/hub/models--alice--m/snapshots/${SHA}/sub/notes.txt
holds ${HF_HOME}/hub/models--alice--m/refs/main
| ${SHA}
# One file: its path; a commit that is complete in the cache costs no request.
mark
$ spoke download alice/m config.json --revision ${SHA} -q
> ${HF_HOME}/hub/models--alice--m/snapshots/${SHA}/config.json
requests
# Folders and patterns.
$ spoke download alice/m sub/ '*.json' --local-dir out -q
> ${T}/work/out
exists out/sub/notes.txt out/config.json
absent out/w.safetensors
$ spoke download alice/m config.json --include '*.txt' -q
> <*>/config.json
! Warning: files are named, so --include and --exclude are ignored
$ spoke models ls alice/m -R
>         1519  </\S+ \S+/>  .gitattributes
>            9  </\S+ \S+/>  config.json
>               </\S+ \S+/>  sub/
>            6  </\S+ \S+/>  sub/notes.txt
>       300000  </\S+ \S+/>  w.safetensors
$ spoke repos delete-files alice/m '*.txt' --json
json deleted = 1
json repo_id = alice/m
$ spoke repos delete-files alice/m '*.txt' --json
! Warning: no file of alice/m (revision main) matches the given patterns
json deleted = 0
$ spoke download alice/m notes/x.txt
exit 3
! Error: <*>notes/x.txt<*>
! Hint: spoke models ls alice/m -R shows its files
$ spoke download alice/m --revision v9
exit 5
! Error: <*>v9<*>
! Hint: spoke repos branch ls alice/m (or tag ls) shows what there is
$ spoke upload bare 'm/*.json' -q
> ${URL}/alice/bare/commit/<sha1>
$ spoke models ls alice/bare -R -q
> .gitattributes
> m/
> m/config.json
$ spoke cache verify alice/bare
exit 3
! Error: <*>
! Hint: spoke download alice/bare first, or name a folder with --local-dir
$ spoke models ls alice/m -q
> .gitattributes
> config.json
> w.safetensors
