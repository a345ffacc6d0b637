# The version in every format; `--version` prints the bare number, as hf does.
$ spoke version
> ✓ spoke version
>   version: </[0-9]+\.[0-9]+\.[0-9]+/>
$ spoke --version
> </[0-9]+\.[0-9]+\.[0-9]+/>
$ spoke version --json
json version = 0.1.0
$ spoke version -q
> 0.1.0
$ spoke version --format agent
> version=0.1.0
# It loads nothing that costs time.
$ ldd $(command -v spoke) | grep -cE 'curl|git2|sqlite|ssl\.so'
exit 1
> 0
