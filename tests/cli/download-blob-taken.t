# A blob that another process takes away before it is linked is fetched, and the command goes on.
server
file m/a.txt
| same
file m/b.txt
| same
$ spoke upload -q alice/m m .
> ...
$ spoke download -q alice/m a.txt
> ...
$ blob=$(readlink -f "$(spoke cache path alice/m a.txt)"); \
  SPOKE_FAULT=cache.link:stop spoke download -q alice/m b.txt >out & pid=$!; \
  until grep -q '^State:.T' /proc/$pid/status; do sleep 0.01; done; \
  rm "$blob"; kill -CONT $pid; wait $pid && cat "$(cat out)"
> same
# Without symlinks it has been moved into the snapshot.
$ rm -r $HF_HOME/hub
set HF_HUB_DISABLE_SYMLINKS 1
$ spoke download -q alice/m a.txt
> </(?P<A>.*)/>
$ blob=$HF_HOME/hub/models--alice--m/blobs/$(git hash-object m/a.txt); cp "$A" "$blob"; \
  SPOKE_FAULT=cache.link:stop spoke download -q alice/m b.txt >out & pid=$!; \
  until grep -q '^State:.T' /proc/$pid/status; do sleep 0.01; done; \
  rm "$blob"; kill -CONT $pid; wait $pid && cat "$(cat out)"
> same
