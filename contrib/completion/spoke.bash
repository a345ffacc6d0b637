# bash completion for spoke; made by `spoke completion bash`
_spoke() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} path= i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path${path:+ }${COMP_WORDS[i]}" in
    'auth') path='auth' ;;
    'auth login') path='auth login' ;;
    'auth logout') path='auth logout' ;;
    'auth whoami') path='auth whoami' ;;
    'auth list' | 'auth ls') path='auth list' ;;
    'auth switch') path='auth switch' ;;
    'auth token') path='auth token' ;;
    'cache') path='cache' ;;
    'cache ls' | 'cache list') path='cache ls' ;;
    'cache rm' | 'cache remove' | 'cache delete') path='cache rm' ;;
    'cache prune') path='cache prune' ;;
    'cache verify') path='cache verify' ;;
    'cache path') path='cache path' ;;
    'download') path='download' ;;
    'upload') path='upload' ;;
    'repos' | 'repo') path='repos' ;;
    'repos create') path='repos create' ;;
    'repos delete') path='repos delete' ;;
    'repos ls' | 'repos list') path='repos ls' ;;
    'repos delete-files') path='repos delete-files' ;;
    'repos tag') path='repos tag' ;;
    'repos tag create') path='repos tag create' ;;
    'repos tag delete') path='repos tag delete' ;;
    'repos tag ls' | 'repos tag list') path='repos tag ls' ;;
    'repos branch') path='repos branch' ;;
    'repos branch create') path='repos branch create' ;;
    'repos branch delete') path='repos branch delete' ;;
    'repos branch ls' | 'repos branch list') path='repos branch ls' ;;
    'models') path='models' ;;
    'models ls' | 'models list') path='models ls' ;;
    'models info') path='models info' ;;
    'datasets') path='datasets' ;;
    'datasets ls' | 'datasets list') path='datasets ls' ;;
    'datasets info') path='datasets info' ;;
    'spaces') path='spaces' ;;
    'spaces ls' | 'spaces list') path='spaces ls' ;;
    'spaces info') path='spaces info' ;;
    'serve') path='serve' ;;
    'admin') path='admin' ;;
    'env') path='env' ;;
    'completion') path='completion' ;;
    'version') path='version' ;;
    esac
  done
  case "$path $prev" in
    'auth login --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'auth login --token') ;;
    'auth logout --token-name') ;;
    'auth logout --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'auth logout --token') ;;
    'auth whoami --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'auth whoami --token') ;;
    'auth list --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'auth list --token') ;;
    'auth switch --token-name') ;;
    'auth switch --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'auth switch --token') ;;
    'auth token --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'auth token --token') ;;
    'cache ls --cache-dir') COMPREPLY=($(compgen -d -- "$cur")) ;;
    'cache ls --filter' | 'cache ls -f') ;;
    'cache ls --sort') ;;
    'cache ls --limit') ;;
    'cache ls --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'cache ls --token') ;;
    'cache rm --cache-dir') COMPREPLY=($(compgen -d -- "$cur")) ;;
    'cache rm --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'cache rm --token') ;;
    'cache prune --cache-dir') COMPREPLY=($(compgen -d -- "$cur")) ;;
    'cache prune --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'cache prune --token') ;;
    'cache verify --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'cache verify --revision') ;;
    'cache verify --cache-dir') COMPREPLY=($(compgen -d -- "$cur")) ;;
    'cache verify --local-dir') COMPREPLY=($(compgen -d -- "$cur")) ;;
    'cache verify --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'cache verify --token') ;;
    'cache path --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'cache path --revision') ;;
    'cache path --cache-dir') COMPREPLY=($(compgen -d -- "$cur")) ;;
    'cache path --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'cache path --token') ;;
    'download --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'download --revision') ;;
    'download --include') ;;
    'download --exclude') ;;
    'download --cache-dir') COMPREPLY=($(compgen -d -- "$cur")) ;;
    'download --local-dir') COMPREPLY=($(compgen -d -- "$cur")) ;;
    'download --max-workers') ;;
    'download --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'download --token') ;;
    'upload --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'upload --revision') ;;
    'upload --include') ;;
    'upload --exclude') ;;
    'upload --delete') ;;
    'upload --commit-message') ;;
    'upload --commit-description') ;;
    'upload --parent-commit') ;;
    'upload --every') ;;
    'upload --max-workers') ;;
    'upload --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'upload --token') ;;
    'repos create --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos create --sdk') COMPREPLY=($(compgen -W 'gradio streamlit docker static' -- "$cur")) ;;
    'repos create --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos create --token') ;;
    'repos delete --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos delete --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos delete --token') ;;
    'repos ls --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos ls --namespace') ;;
    'repos ls --search') ;;
    'repos ls --limit') ;;
    'repos ls --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos ls --token') ;;
    'repos delete-files --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos delete-files --revision') ;;
    'repos delete-files --commit-message') ;;
    'repos delete-files --commit-description') ;;
    'repos delete-files --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos delete-files --token') ;;
    'repos tag create --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos tag create --revision') ;;
    'repos tag create --message' | 'repos tag create -m') ;;
    'repos tag create --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos tag create --token') ;;
    'repos tag delete --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos tag delete --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos tag delete --token') ;;
    'repos tag ls --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos tag ls --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos tag ls --token') ;;
    'repos branch create --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos branch create --revision') ;;
    'repos branch create --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos branch create --token') ;;
    'repos branch delete --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos branch delete --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos branch delete --token') ;;
    'repos branch ls --type') COMPREPLY=($(compgen -W 'model dataset space' -- "$cur")) ;;
    'repos branch ls --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'repos branch ls --token') ;;
    'models ls --search') ;;
    'models ls --author') ;;
    'models ls --filter') ;;
    'models ls --sort') COMPREPLY=($(compgen -W 'created_at downloads last_modified likes trending_score' -- "$cur")) ;;
    'models ls --limit') ;;
    'models ls --expand') ;;
    'models ls --revision') ;;
    'models ls --pipeline-tag') ;;
    'models ls --apps') ;;
    'models ls --num-parameters') ;;
    'models ls --inference-provider') ;;
    'models ls --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'models ls --token') ;;
    'models info --revision') ;;
    'models info --expand') ;;
    'models info --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'models info --token') ;;
    'datasets ls --search') ;;
    'datasets ls --author') ;;
    'datasets ls --filter') ;;
    'datasets ls --sort') COMPREPLY=($(compgen -W 'created_at downloads last_modified likes trending_score' -- "$cur")) ;;
    'datasets ls --limit') ;;
    'datasets ls --expand') ;;
    'datasets ls --revision') ;;
    'datasets ls --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'datasets ls --token') ;;
    'datasets info --revision') ;;
    'datasets info --expand') ;;
    'datasets info --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'datasets info --token') ;;
    'spaces ls --search') ;;
    'spaces ls --author') ;;
    'spaces ls --filter') ;;
    'spaces ls --sort') COMPREPLY=($(compgen -W 'created_at downloads last_modified likes trending_score' -- "$cur")) ;;
    'spaces ls --limit') ;;
    'spaces ls --expand') ;;
    'spaces ls --revision') ;;
    'spaces ls --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'spaces ls --token') ;;
    'spaces info --revision') ;;
    'spaces info --expand') ;;
    'spaces info --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'spaces info --token') ;;
    'env --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'env --token') ;;
    'completion --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'completion --token') ;;
    'version --format') COMPREPLY=($(compgen -W 'auto human json quiet agent' -- "$cur")) ;;
    'version --token') ;;
    *) false ;;
  esac && return
  case "$path" in
    '') COMPREPLY=($(compgen -W 'auth cache download upload repos models datasets spaces serve admin env completion version' -- "$cur")) ;;
    'auth') COMPREPLY=($(compgen -W 'login logout whoami list switch token' -- "$cur")) ;;
    'auth login')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--add-to-git-credential --force --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'auth logout')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--token-name --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'auth whoami')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'auth list')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'auth switch')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--token-name --add-to-git-credential --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'auth token')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'cache') COMPREPLY=($(compgen -W 'ls rm prune verify path' -- "$cur")) ;;
    'cache ls')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--cache-dir --revisions --filter --sort --limit --show-warnings --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'cache rm')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--cache-dir --yes --dry-run --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'cache prune')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--cache-dir --yes --dry-run --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'cache verify')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --revision --cache-dir --local-dir --fail-on-missing-files --fail-on-extra-files --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'cache path')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --revision --cache-dir --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'download')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --revision --include --exclude --cache-dir --local-dir --force-download --dry-run --max-workers --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'upload')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --revision --include --exclude --delete --commit-message --commit-description --private --public --no-create --parent-commit --create-pr --every --max-workers --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos') COMPREPLY=($(compgen -W 'create delete ls delete-files tag branch' -- "$cur")) ;;
    'repos create')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --sdk --private --public --protected --exist-ok --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos delete')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --yes --missing-ok --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos ls')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --namespace --search --limit --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos delete-files')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --revision --commit-message --commit-description --create-pr --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos tag') COMPREPLY=($(compgen -W 'create delete ls' -- "$cur")) ;;
    'repos tag create')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --revision --message --exist-ok --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos tag delete')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --yes --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos tag ls')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos branch') COMPREPLY=($(compgen -W 'create delete ls' -- "$cur")) ;;
    'repos branch create')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --revision --exist-ok --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos branch delete')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'repos branch ls')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--type --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'models') COMPREPLY=($(compgen -W 'ls info' -- "$cur")) ;;
    'models ls')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--search --author --filter --sort --limit --expand --revision --recursive --tree --human-readable --pipeline-tag --gated --no-gated --apps --num-parameters --inference-provider --warm --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'models info')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--revision --expand --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'datasets') COMPREPLY=($(compgen -W 'ls info' -- "$cur")) ;;
    'datasets ls')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--search --author --filter --sort --limit --expand --revision --recursive --tree --human-readable --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'datasets info')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--revision --expand --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'spaces') COMPREPLY=($(compgen -W 'ls info' -- "$cur")) ;;
    'spaces ls')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--search --author --filter --sort --limit --expand --revision --recursive --tree --human-readable --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'spaces info')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--revision --expand --format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'serve') COMPREPLY=($(compgen -W "$(spoke serve --help 2>/dev/null | sed -n -e '/^Examples/q' -e 's/^  \(--[a-z-]*\).*/\1/p' -e 's/^  \([a-z]*\).*/\1/p' -e 's/^  [a-z]* \([a-z]*\).*/\1/p' | sort -u)" -- "$cur") $(compgen -f -- "$cur")) ;;
    'admin') COMPREPLY=($(compgen -W "$(spoke admin --help 2>/dev/null | sed -n -e '/^Examples/q' -e 's/^  \(--[a-z-]*\).*/\1/p' -e 's/^  \([a-z]*\).*/\1/p' -e 's/^  [a-z]* \([a-z]*\).*/\1/p' | sort -u)" -- "$cur") $(compgen -f -- "$cur")) ;;
    'env')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
    'completion')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -W 'bash zsh fish' -- "$cur")); fi
      ;;
    'version')
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '--format --json --quiet --no-truncate --token --help' -- "$cur")); else COMPREPLY=($(compgen -f -- "$cur")); fi
      ;;
  esac
}
complete -o filenames -F _spoke spoke
