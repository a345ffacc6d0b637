# Offline and nothing cached: the error names repository, revision, file and the command to fetch it.
set HF_HUB_OFFLINE 1
$ spoke download alice/m config.json
exit 12
! Error: config.json of model alice/m (revision main) is not in the cache ${HF_HOME}/hub. Nothing of this repository is cached. Offline mode is on (env HF_HUB_OFFLINE).
! Hint: with network: HF_HUB_OFFLINE=0 spoke download alice/m config.json

$ spoke download alice/d --type dataset --revision v2
exit 12
! Error: no snapshot of dataset alice/d (revision v2) is in the cache ${HF_HOME}/hub. <*>
! Hint: with network: HF_HUB_OFFLINE=0 spoke download alice/d --type dataset --revision v2
absent ${HF_HOME}/hub/datasets--alice--d
