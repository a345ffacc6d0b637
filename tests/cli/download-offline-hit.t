# A cache as Python writes it is read without a network, by branch and by commit; what is not there is
# told with what is cached instead.
$ r=$HF_HOME/hub/models--alice--m; c=1111111111111111111111111111111111111111; b=$(printf 'hello\n' | git hash-object --stdin); \
 mkdir -p $r/blobs $r/refs $r/snapshots/$c && printf 'hello\n' >$r/blobs/$b && printf $c >$r/refs/main && ln -s ../../blobs/$b $r/snapshots/$c/a.txt
set HF_HUB_OFFLINE 1
$ spoke download -q alice/m a.txt
rss 8192
> ${HF_HOME}/hub/models--alice--m/snapshots/1111111111111111111111111111111111111111/a.txt

$ spoke download -q alice/m a.txt --revision 1111111111111111111111111111111111111111
> ${HF_HOME}/hub/models--alice--m/snapshots/1111111111111111111111111111111111111111/a.txt

$ spoke download alice/m b.txt
exit 12
! Error: b.txt of model alice/m (revision main) is not in the cache ${HF_HOME}/hub. Cached of this revision (111111111111): a.txt. Offline mode is on (env HF_HUB_OFFLINE).
! Hint: with network: HF_HUB_OFFLINE=0 spoke download alice/m b.txt

$ spoke download alice/m a.txt --revision v9
exit 12
! Error: a.txt of model alice/m (revision v9) is not in the cache ${HF_HOME}/hub. Cached revisions of this repository: <*>. Offline mode is on (env HF_HUB_OFFLINE).
! Hint: with network: HF_HUB_OFFLINE=0 spoke download alice/m a.txt --revision v9
