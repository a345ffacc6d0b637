# The Hub refuses, the file lies in the local folder: it stands in, as in huggingface_hub; a file that the
# Hub says is not there does not.
server
file m/a.txt
| one
$ spoke upload -q alice/m m --private
> ...
! ...
$ spoke download -q alice/m a.txt --local-dir out
> ${T}/work/out/a.txt
$ HF_TOKEN=hf_wrong spoke download -q alice/m a.txt --local-dir out
> ${T}/work/out/a.txt
! Warning: ${T}/work/out/a.txt exists already and could not be checked for an update: <*> 401: <*>
$ HF_TOKEN=hf_wrong spoke download -q alice/m b.txt --local-dir out
exit 6
! Error: b.txt <*> 401: <*>
$ cp out/a.txt out/c.txt; spoke download -q alice/m c.txt --local-dir out
exit 3
! Error: c.txt <*> 404: <*>
