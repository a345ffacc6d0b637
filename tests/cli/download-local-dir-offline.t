# Offline into a local folder: what the cache has is copied, only the rest is missing; a folder that
# another machine filled is used as it is.
server
file m/a.txt
| one
file m/sub/b.txt
| two
$ spoke upload -q alice/m m
> ...
! ...
$ spoke download -q alice/m
> ...
set HF_HUB_OFFLINE 1
mark
$ spoke download -q alice/m --local-dir out
> ${T}/work/out
requests
holds out/sub/b.txt
| two
exists out/.cache/huggingface/download/sub/b.txt.metadata
$ spoke download -q alice/m --local-dir out
> ${T}/work/out
# the file list is not cached: the copies are made, and it is said that nobody knows of more
$ rm -r out $HF_HOME/hub/models--alice--m/trees
$ spoke download -q alice/m --include 'sub/*' --local-dir out
> ${T}/work/out
! Warning: <*>it cannot be told whether it is complete<*>
holds out/sub/b.txt
| two
absent out/a.txt
# nothing cached: the folder as it is, or the error when it holds nothing
$ rm -r $HF_HOME/hub
$ spoke download -q alice/m --local-dir out
> ${T}/work/out
! Warning: ${T}/work/out is used as it is<*>no snapshot of model alice/m<*>
$ spoke download alice/m --local-dir empty
exit 12
! Error: no snapshot of model alice/m (revision main) is in the cache <*>
! Hint: with network: HF_HUB_OFFLINE=0 spoke download alice/m --local-dir ${T}/work/empty
absent empty
# one file that is known to be absent
unset HF_HUB_OFFLINE
$ spoke download -q alice/m none.txt
exit 3
! ...
$ HF_HUB_OFFLINE=1 spoke download -q alice/m none.txt --local-dir out
exit 3
! Error: none.txt does not exist in model alice/m at revision main (remembered in the cache)
# an edit of a file, or a note from the future, is found out by the bytes, without fetching them again
$ spoke download -q alice/m --local-dir out
> ${T}/work/out
$ sed -i '3s/.*/99999999999.0/' out/.cache/huggingface/download/a.txt.metadata
mark
$ spoke download -q alice/m a.txt --local-dir out
> ...
requests
| HEAD /alice/m/resolve/main/a.txt 200
$ echo edited >out/a.txt && sed -i '3s/.*/99999999999.0/' out/.cache/huggingface/download/a.txt.metadata
$ spoke download -q alice/m a.txt --local-dir out
> ...
holds out/a.txt
| one
