# A cached file whose bytes changed but not its size gets into no local folder: with the Hub it is
# fetched, without it is named.
server
file m/a.bin size=100000 seed=1
file m/b.txt
| good
$ spoke upload -q alice/m m .
> ...
$ spoke download -q alice/m
> </(?P<SNAP>.*)/>
$ for f in a.bin b.txt; do printf X | dd of=$(readlink -f ${SNAP}/$f) conv=notrunc status=none; done
$ spoke download -q alice/m b.txt --local-dir one
> ${T}/work/one/b.txt
! Warning: b.txt of alice/m is damaged in the cache (${HF_HOME}/hub/models--alice--m/blobs/<sha1>): its git SHA-1 is <sha1> instead of <sha1>; it is fetched from the Hub
holds one/b.txt
| good
$ spoke download -q alice/m --local-dir all
> ${T}/work/all
! Warning: <*> is damaged in the cache <*>
! Warning: <*> is damaged in the cache <*>
same m/a.bin all/a.bin
same m/b.txt all/b.txt
set HF_HUB_OFFLINE 1
$ spoke download -q alice/m a.bin --local-dir off
exit 17
! Error: a.bin of alice/m is damaged in the cache (${HF_HOME}/hub/models--alice--m/blobs/<sha256>): its SHA-256 is <sha256> instead of <sha256>
absent off/a.bin off/.cache/huggingface/download/a.bin.metadata
$ spoke download alice/m --local-dir off --include '*.txt'
exit 17
! Error: <*>b.txt of alice/m is damaged in the cache <*>
! Hint: spoke cache verify alice/m tells what else is and how it is fetched again
absent off/b.txt off/.cache/huggingface/download/b.txt.metadata
