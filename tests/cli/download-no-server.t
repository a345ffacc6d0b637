# Nobody listens: the message names the address, the reason, and nothing is left in the cache.
$ spoke download alice/m config.json
exit 13
! Error: <*>http://127.0.0.1:9/<*>
! Hint: <*>
absent ${HF_HOME}/hub/models--alice--m/blobs/*
