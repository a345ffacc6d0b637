# Every setting with its value and where it comes from; the token is masked.
set HF_TOKEN hf_abcdefghijklmnopqrstuvwxyz
set HF_HUB_OFFLINE 0
set TRANSFORMERS_OFFLINE 1
unset HF_HOME
set XDG_CACHE_HOME ${T}/xdg
$ spoke env --json > all.json
$ python3 -c 'import json; d = {r["setting"]: r for r in json.load(open("all.json"))}; [print(k, d[k]["value"], "|", d[k]["origin"]) for k in ("hub_cache", "token", "offline", "etag_timeout")]'
> hub_cache ${T}/xdg/huggingface/hub | default
> token hf_****wxyz | env HF_TOKEN
> offline 0 | env HF_HUB_OFFLINE
> etag_timeout 10 | default
$ spoke env | grep -c abcdefgh
exit 1
> 0
$ HF_HUB_ETAG_TIMEOUT=soon spoke env -q | head -1
> endpoint
! Warning: HF_HUB_ETAG_TIMEOUT=soon is not a positive number; using the default 10
$ HF_HUB_CACHE=/elsewhere spoke cache path
> /elsewhere
$ HF_HUB_CACHE=/elsewhere spoke cache path --json
json path = /elsewhere
$ HF_HUB_CACHE=/elsewhere spoke cache path a/b --cache-dir /third
exit 3
! Error: a/b at revision main is not in the cache /third
! Hint: spoke download a/b
