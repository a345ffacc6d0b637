# The bash script completes commands, aliases, options and choices without starting spoke.
$ spoke completion bash > c.bash
$ PATH=/nonexistent; . ./c.bash; COMP_WORDS=(spoke re); COMP_CWORD=1; _spoke; echo "${COMPREPLY[@]}"
> repos
$ . ./c.bash; COMP_WORDS=(spoke repo tag ""); COMP_CWORD=3; _spoke; echo "${COMPREPLY[@]}"
> create delete ls
$ . ./c.bash; COMP_WORDS=(spoke download a/b --rev); COMP_CWORD=3; _spoke; echo "${COMPREPLY[@]}"
> --revision
$ . ./c.bash; COMP_WORDS=(spoke download a/b --type ""); COMP_CWORD=4; _spoke; echo "${COMPREPLY[@]}"
> model dataset space
$ . ./c.bash; COMP_WORDS=(spoke completion ""); COMP_CWORD=2; _spoke; echo "${COMPREPLY[@]}"
> bash zsh fish
$ spoke completion zsh | head -1
> #compdef spoke
$ spoke completion fish | grep -c '__spoke_at repos tag'
> 3
$ spoke completion tcsh
exit 2
! Error: no completion for tcsh; there is bash, zsh and fish
