# A cached file that became shorter is not handed out: offline it is told, with the Hub it is repaired.
server
file m/a.bin size=100000 seed=1
file m/b.txt
| b
$ spoke upload -q alice/m m .
> ...
$ spoke download -q alice/m
> </(?P<SNAP>.*)/>
$ truncate -s 500 $(readlink -f "$(spoke cache path alice/m a.bin)")
$ HF_HUB_OFFLINE=1 spoke download -q alice/m a.bin
exit 12
! Warning: ${SNAP}/a.bin is damaged: 500 bytes instead of 100000; it is not used
! Error: a.bin of model alice/m (revision main) is not in the cache ${HF_HOME}/hub. Cached of this revision (<*>): .gitattributes, b.txt. Offline mode is on (env HF_HUB_OFFLINE).
$ HF_HUB_OFFLINE=1 spoke download -q alice/m a.bin --local-dir l
exit 12
! ...
absent l/a.bin
$ spoke download alice/m --dry-run --json
json 1.file = a.bin
json 1.cached = false
json 2.cached = true
$ spoke download -q alice/m a.bin --revision $(basename ${SNAP})
> ${SNAP}/a.bin
! ...
same m/a.bin ${SNAP}/a.bin
