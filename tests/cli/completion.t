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
# Only the words of serve and admin are asked of their program.
$ . ./c.bash; COMP_WORDS=(spoke serve --tls); COMP_CWORD=2; _spoke; echo "${COMPREPLY[@]}"
> --tls-cert --tls-key
$ . ./c.bash; COMP_WORDS=(spoke admin --data d to); COMP_CWORD=4; _spoke; echo "${COMPREPLY[@]}"
> token
# zsh reads its script; fish completes, also behind other spellings of a command.
$ spoke completion zsh > _spoke; head -1 _spoke; zsh -f -n _spoke
> #compdef spoke
$ spoke completion fish > c.fish; fish --no-config -c 'source c.fish; complete -C "spoke re"'
> repos<*>
$ fish --no-config -c 'source c.fish; complete -C "spoke repo tag "' | cut -f1
> create
> delete
> ls
$ fish --no-config -c 'source c.fish; complete -C "spoke repos list --li"' | cut -f1
> --limit
$ fish --no-config -c 'source c.fish; complete -C "spoke download a/b --type "' | cut -f1
> dataset
> model
> space
$ fish --no-config -c 'source c.fish; complete -C "spoke serve --tls"'
> --tls-cert
> --tls-key
$ spoke completion tcsh
exit 2
! Error: no completion for tcsh; there is bash, zsh and fish
