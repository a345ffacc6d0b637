# Offline, a file that was never fetched is named with the command that would fetch it.
server
file m/config.json
| {"a": 1}
file m/other.txt
| x
$ spoke upload alice/m m -q
> ...
$ spoke download alice/m config.json -q
> </(?P<PATH1>.*)/>
server stop
set HF_HUB_OFFLINE 1
$ spoke download alice/m config.json -q
> ${PATH1}
$ spoke download alice/m other.txt
exit 12
! Error: <*>other.txt<*>
! Hint: <*>spoke download alice/m other.txt<*>
$ spoke models info alice/m
exit 12
! Error: <*>offline<*>
! ...
