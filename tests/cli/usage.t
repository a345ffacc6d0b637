# What is wrong on the command line ends with 2 and says what to type instead.
$ spoke downlaod
exit 2
! Error: unknown command downlaod
! Hint: did you mean spoke download?
$ spoke repos tga
exit 2
! Error: unknown command repos tga
! Hint: did you mean spoke repos tag?
$ spoke frobnicate
exit 2
! Error: unknown command frobnicate
! Hint: spoke --help lists the commands
$ spoke download
exit 2
! Error: missing argument REPO
! Hint: usage: spoke download REPO [FILE...] [OPTIONS]
$ spoke download a/b --revison main
exit 2
! Error: unknown option --revison
! Hint: did you mean --revision?
$ spoke download a/b --type kernel
exit 2
! Error: --type kernel: must be one of model|dataset|space
$ spoke version extra -q
exit 2
! Error: unexpected argument extra
$ spoke version --format human -q
exit 2
! Error: --format and --quiet cannot both be given
$ spoke repos
exit 2
! Create, delete and change repositories on the Hub.
! ...
! Error: spoke repos: which command?
$ spoke upload a/b x --private --public
exit 2
! Error: --private and --public cannot both be given
$ spoke download datasets/a/b --type model
exit 2
! Error: datasets/a/b is a dataset, but --type says model
$ spoke download hf://a/b@v1 --revision v2
exit 2
! Error: --revision cannot be used with an hf:// address (hf://a/b@v1)
$ spoke upload hf://datasets/a/b . --type dataset
exit 2
! Error: --type cannot be used with an hf:// address (hf://datasets/a/b)
$ spoke download hf://a/b/x.txt y.txt
exit 2
! Error: hf://a/b/x.txt names a file already; y.txt cannot stand beside it
$ spoke download a/b --local-dir x --cache-dir y
exit 2
! Error: --local-dir and --cache-dir cannot both be given
! ...
$ spoke models ls a/b --search x
exit 2
! Error: --search is for lists of repositories, not files
$ spoke models ls -h
exit 2
! Error: --human-readable is for lists of files; name a repository
$ touch x; spoke upload a/b x --every 0
exit 2
! Error: --every 0: must be minutes above 0, at most 30 days
$ spoke repos delete a/b
exit 2
! Error: You are about to permanently delete model 'a/b'. Proceed? Nobody can be asked here
! Hint: use --yes to skip the question
$ spoke auth switch --json
exit 6
! Error: no token is stored
! Hint: log in with: spoke auth login
$ spoke repos create a/b --type space --sdk gradio --flavor t4-medium -e A=b
exit 25
! Error: what a Space runs on<*>
