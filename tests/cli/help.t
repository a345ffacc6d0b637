# Help goes to standard output and ends with 0, wherever it is asked for.
$ spoke --help
> The Hugging Face Hub in C: files, cache, repositories, and a Hub of your own.
> ...
# Who gave no command did not ask for it: as hf.
$ spoke
exit 2
! The Hugging Face Hub in C: files, cache, repositories, and a Hub of your own.
! ...
$ spoke repos tag --help
> Tags of a repository.
>
> Usage: spoke repos tag COMMAND
>
> Commands:
>   create          Create a tag
>   delete          Delete a tag
>   ls              List the tags
$ spoke version -h
> Print the version.
>
> Usage: spoke version [OPTIONS]
> ...
>
> Examples:
>   spoke version
>   spoke --version
$ spoke download a/b --include x --help | head -3
> Download a file, some files or a whole repository.
>
> Usage: spoke download REPO [FILE...] [OPTIONS]
# A value is a value, also when it looks like an option.
$ spoke models ls --search --help a/b c/d
exit 2
! Error: unexpected argument c/d
! Hint: spoke models ls --help shows how it is used
$ spoke help repos tag create
> Create a tag.
> ...
$ spoke help repos nope
exit 2
! Error: unknown command repos nope
! Hint: spoke repos --help lists the commands
# The server's commands are described by their own program.
$ spoke help serve | head -3
> Usage: spoke serve --data DIR [OPTIONS]
>
> Serve a Hub. <*>
