# A mistyped --data is no empty Hub: only `user add` makes a data folder.
$ spoke admin --data hubb user ls
exit 3
! Error: hubb is not a data folder
! Hint: name the --data of your server; spoke admin --data DIR user add NAME makes one
$ spoke admin --data hubb fsck
exit 3
! Error: hubb is not a data folder
! ...
absent hubb
$ spoke admin --data hub user add anna
> Added user anna
$ spoke admin --data hub fsck
> 0 repositories, 0 large objects of 0 bytes: 0 problems
