# Log in from standard input, list, switch, log out; files are 0600 and HF_HOME keeps its mode.
server
unset HF_TOKEN
$ spoke auth whoami
exit 6
! Error: not logged in
! Hint: log in with: spoke auth login
$ spoke auth login
< ${TOKEN}
> ✓ Logged in
>   user: alice
>   token_name: case
>   token_path: ${HF_HOME}/token
mode ${HF_HOME}/token 600
mode ${HF_HOME}/stored_tokens 600
holds ${HF_HOME}/token
| ${TOKEN}
$ stat -c %a ${HF_HOME}
> 755
$ spoke auth whoami -q
> alice
$ spoke auth whoami --json
json user = alice
json orgs = null
json endpoint = ${URL}
$ spoke auth token
> ${TOKEN}
$ spoke auth list
> NAME  TOKEN        ACTIVE
> ----  -----------  ------
> case  hf_****</.{4}/>  ✔
$ HF_TOKEN=hf_of_the_environment spoke auth list --json
! Warning: HF_TOKEN is set and goes before the stored tokens
json 0.name = case
json 0.active = false
$ spoke auth login --token hf_0000000000000000000000000000000000
exit 6
! Error: </.*does not know this token.*/>
! ...
$ spoke auth switch --token-name other
exit 3
! Error: no token is stored under the name other
! Hint: spoke auth list shows the names
$ spoke auth switch --token-name case -q
> case
$ spoke auth logout
> ✓ Logged out
>   token_name: all
$ spoke auth token
exit 6
! Error: not logged in
! Hint: log in with: spoke auth login
absent ${HF_HOME}/token
