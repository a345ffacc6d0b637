# Names that could lead out of the cache, or that no Hub has, are refused before anything is asked.
$ spoke download ../../etc/passwd
exit 28
! Error: <*>
! ...

$ spoke download alice/m ../../../etc/passwd
exit 18
! Error: <*>
! ...

$ spoke download 'alice/m--x'
exit 28
! Error: <*>
! ...

$ spoke download alice/m a.txt --revision '../../x'
exit 18
! Error: <*>
! ...
absent ${T}/etc ${HF_HOME}/hub/*
