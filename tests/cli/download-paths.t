# Printed paths hold in any folder, and a ~ that no shell has expanded is the home folder.
server
file m/a.txt
| a
$ spoke upload alice/m m -q
> <*>
$ spoke download alice/m a.txt -q --cache-dir c
> ${T}/work/c/models--alice--m/snapshots/</(?P<SHA>[0-9a-f]{40})/>/a.txt
$ HF_HUB_CACHE=./x/../c HF_HUB_OFFLINE=1 spoke download alice/m -q --include a.txt
> ${T}/work/c/models--alice--m/snapshots/${SHA}
! Warning: <*>cannot tell whether this snapshot is complete<*>
$ spoke cache path alice/m a.txt --cache-dir c
> ${T}/work/c/models--alice--m/snapshots/${SHA}/a.txt
$ spoke cache path --cache-dir c
> ${T}/work/c
$ spoke download alice/m a.txt -q --local-dir out
> ${T}/work/out/a.txt
$ spoke download alice/m -q --local-dir ./out/../out
> ${T}/work/out
$ spoke download alice/m a.txt -q --local-dir=~/models
> ${HOME}/models/a.txt
$ spoke cache verify alice/m --local-dir=~/models -q
> alice/m
! Warning: 1 file(s) of the repository are not there<*>
$ ln -s c l && spoke download alice/m a.txt -q --cache-dir l
> ${T}/work/c/models--alice--m/snapshots/${SHA}/a.txt
absent ~
