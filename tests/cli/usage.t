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
! Error: hf://a/b@v1 names revision v1, but --revision says v2
$ spoke repos delete a/b
exit 2
! Error: Delete model a/b with all its files and history for ever? Nobody can be asked here
! Hint: use --yes to skip the question
$ spoke auth switch --json
exit 6
! Error: no token is stored
! Hint: spoke auth login
