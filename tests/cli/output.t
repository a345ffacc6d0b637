# Output that cannot be written is an error; a reader that has seen enough is not.
$ spoke env > /dev/full
exit 20
! Error: cannot write to standard output: No space left on device
$ (trap '' XFSZ; ulimit -f 0; spoke env > out)
exit 20
! Error: cannot write to standard output: File too large
$ spoke env | head -1 > /dev/null; echo ${PIPESTATUS[0]}
> 0
# Agents get tables without decoration, unless a format is asked for.
$ AI_AGENT=x spoke env | head -1
> setting	value	origin	variables
$ AI_AGENT=x spoke version
> version=</[0-9.]+/>
$ AI_AGENT=x spoke version --format human
> ✓ spoke version
> ...
# Columns are cut to the terminal only; the last line says how to see everything.
$ COLUMNS=60 spoke env | tail -1
> (cut to the width of the terminal; --no-truncate shows everything)
$ COLUMNS=60 spoke env --no-truncate | grep -c 'cut to the width'
exit 1
> 0
